// The items of lists of arrays, and references to them.
#pragma once

#include <vector>

#include "array_view.h"

namespace rushlight {

// References that are given back at the end of the scope.
class References {
public:
    References() = default;
    References(const References&) = delete;
    References& operator=(const References&) = delete;
    ~References() {
        for (PyObject* object : objects_) Py_DECREF(object);
    }
    void keep(PyObject* object) { objects_.push_back(object); }

private:
    std::vector<PyObject*> objects_;
};

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
