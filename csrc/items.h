// The items of a list of arrays.
#pragma once

#include "array_view.h"

namespace rushlight {

// The items of a list or tuple, or None: then `items` stays null.
struct Items {
    PyObject** items = nullptr;
    Py_ssize_t count = 0;

    bool read(PyObject* sequence, bool may_be_none = false) {
        if (sequence == Py_None) return may_be_none;
        if (!PyList_Check(sequence) && !PyTuple_Check(sequence)) return false;
        items = PySequence_Fast_ITEMS(sequence);
        count = PySequence_Fast_GET_SIZE(sequence);
        return true;
    }
};

}  // namespace rushlight
