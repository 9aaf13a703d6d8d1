// The loop of a replay (src/rushlight/graph/replay.py): the recorded kernels in their order, with
// no Python between them.
#include "replay.h"

#include <nanobind/nanobind.h>

#include <stdexcept>
#include <vector>

namespace nb = nanobind;

namespace rushlight {
namespace {

// One argument of a kernel: a plain value, an array's slot, a number that is read anew, or a
// sequence of these.
struct Argument {
    enum class Kind { Value, SlotNumber, Live, List, Tuple } kind = Kind::Value;
    nb::object value;  // the value, or the live one's `read`
    Py_ssize_t slot = 0;
    std::vector<Argument> parts;

    nb::object filled(PyObject* slots) const {
        switch (kind) {
            case Kind::Value:
                return value;
            case Kind::SlotNumber:
                return nb::borrow(PyList_GET_ITEM(slots, slot));
            case Kind::Live:
                return nb::steal(PyObject_CallNoArgs(value.ptr()));
            case Kind::List:
            case Kind::Tuple:
                break;
        }
        const auto count = static_cast<Py_ssize_t>(parts.size());
        const bool is_list = kind == Kind::List;
        nb::object sequence = nb::steal(is_list ? PyList_New(count) : PyTuple_New(count));
        for (Py_ssize_t i = 0; sequence.is_valid() && i < count; ++i) {
            nb::object part = parts[static_cast<size_t>(i)].filled(slots);
            if (!part.is_valid()) return part;
            if (is_list)
                PyList_SET_ITEM(sequence.ptr(), i, part.release().ptr());
            else
                PyTuple_SET_ITEM(sequence.ptr(), i, part.release().ptr());
        }
        return sequence;
    }
};

struct Call {
    nb::object name;
    nb::object function;
    std::vector<Argument> arguments;
    std::vector<Py_ssize_t> results;  // -1 for a result that is no array
    bool returns_tuple = false;
    std::vector<Py_ssize_t> last_uses;
};

void set_slot(PyObject* slots, Py_ssize_t slot, PyObject* array) {
    Py_INCREF(array);
    PyList_SetItem(slots, slot, array);
}

class Program {
public:
    // `calls`: (name, function, arguments, results, last uses) each, as in graph/record.py.
    Program(nb::list calls, nb::object slot_type, nb::object live_type) {
        for (nb::handle item : calls) {
            nb::tuple parts = nb::cast<nb::tuple>(item);
            Call call;
            call.name = nb::borrow(parts[0]);
            call.function = nb::borrow(parts[1]);
            for (nb::handle argument : nb::cast<nb::tuple>(parts[2]))
                call.arguments.push_back(parsed(argument, slot_type, live_type));
            parse_results(parts[3], call);
            for (nb::handle slot : nb::cast<nb::tuple>(parts[4]))
                call.last_uses.push_back(nb::cast<Py_ssize_t>(slot));
            calls_.push_back(std::move(call));
        }
    }

    // Fills the slots; what a kernel raises comes out as it is, and `failed` names the kernel.
    void run(nb::list slots) {
        std::vector<PyObject*> arguments;
        std::vector<nb::object> owned;
        for (const Call& call : calls_) {
            failed_ = &call;
            arguments.clear();
            owned.clear();
            for (const Argument& argument : call.arguments) {
                nb::object value = argument.filled(slots.ptr());
                if (!value.is_valid()) throw nb::python_error();
                arguments.push_back(value.ptr());
                owned.push_back(std::move(value));
            }
            nb::object result = nb::steal(PyObject_Vectorcall(
                call.function.ptr(), arguments.data(), arguments.size(), nullptr));
            if (!result.is_valid()) throw nb::python_error();
            owned.clear();
            keep(call, result.ptr(), slots.ptr());
            for (Py_ssize_t slot : call.last_uses) set_slot(slots.ptr(), slot, Py_None);
        }
    }

    nb::object failed() const { return failed_ ? failed_->name : nb::str(""); }

private:
    static void keep(const Call& call, PyObject* result, PyObject* slots) {
        const auto count = static_cast<Py_ssize_t>(call.results.size());
        if (call.returns_tuple && (!PyTuple_Check(result) || PyTuple_GET_SIZE(result) != count))
            throw std::runtime_error("a replayed kernel returns another number of results");
        for (size_t i = 0; i < call.results.size(); ++i) {
            if (call.results[i] < 0) continue;
            PyObject* array =
                call.returns_tuple ? PyTuple_GET_ITEM(result, static_cast<Py_ssize_t>(i)) : result;
            set_slot(slots, call.results[i], array);
        }
    }

    static Argument parsed(nb::handle value, nb::handle slot_type, nb::handle live_type) {
        Argument argument;
        const bool is_slot = value.type().is(slot_type);
        const bool is_live = value.type().is(live_type);
        if (is_slot) {
            argument.kind = Argument::Kind::SlotNumber;
            argument.slot = nb::cast<Py_ssize_t>(value.attr("number"));
        } else if (is_live) {
            argument.kind = Argument::Kind::Live;
            argument.value = value.attr("read");
        } else if (PyList_CheckExact(value.ptr()) || PyTuple_CheckExact(value.ptr())) {
            argument.kind = PyList_CheckExact(value.ptr()) ? Argument::Kind::List
                                                           : Argument::Kind::Tuple;
            for (nb::handle part : value)
                argument.parts.push_back(parsed(part, slot_type, live_type));
        } else {
            argument.value = nb::borrow(value);
        }
        return argument;
    }

    static void parse_results(nb::handle results, Call& call) {
        const auto number = [](nb::handle slot) {
            return slot.is_none() ? Py_ssize_t{-1} : nb::cast<Py_ssize_t>(slot);
        };
        call.returns_tuple = PyTuple_CheckExact(results.ptr());
        if (!call.returns_tuple) {
            call.results.push_back(number(results));
            return;
        }
        for (nb::handle slot : results) call.results.push_back(number(slot));
    }

    // A record's functions may lead back to what holds the program: Python's collector must see.
    static int visit(const Argument& argument, visitproc visitor, void* arg) {
        if (argument.value.is_valid())
            if (int found = visitor(argument.value.ptr(), arg)) return found;
        for (const Argument& part : argument.parts)
            if (int found = visit(part, visitor, arg)) return found;
        return 0;
    }

    std::vector<Call> calls_;
    const Call* failed_ = nullptr;  // the call that runs, or ran last

public:
    int traverse(visitproc visitor, void* arg) const {
        for (const Call& call : calls_) {
            if (int found = visitor(call.function.ptr(), arg)) return found;
            for (const Argument& argument : call.arguments)
                if (int found = visit(argument, visitor, arg)) return found;
        }
        return 0;
    }
    void clear() {
        failed_ = nullptr;
        calls_.clear();
    }
};

int traverse_program(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    if (!nb::inst_ready(self)) return 0;
    return nb::inst_ptr<Program>(self)->traverse(visit, arg);
}

int clear_program(PyObject* self) {
    nb::inst_ptr<Program>(self)->clear();
    return 0;
}

PyType_Slot collector_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse_program)},
                                 {Py_tp_clear, reinterpret_cast<void*>(clear_program)},
                                 {0, nullptr}};

}  // namespace

void bind_replay(nb::module_& module) {
    nb::class_<Program>(module, "Program", nb::type_slots(collector_slots),
                        "A record made ready to be run again and again.")
        .def(nb::init<nb::list, nb::object, nb::object>(), nb::arg("calls"), nb::arg("slot_type"),
             nb::arg("live_type"))
        .def_prop_ro("failed", &Program::failed, "The name of the kernel that raised.")
        .def("run", &Program::run, nb::arg("slots"),
             "Run the kernels on the arrays in `slots`, a list, and put their results there.");
}

}  // namespace rushlight
