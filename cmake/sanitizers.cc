// Options of the sanitizers, compiled into every program of the sanitizer builds, so that a test
// run by hand behaves as one run by CTest. The environment (ASAN_OPTIONS, ...) overrides them.

extern "C" {

const char* __asan_default_options();
const char* __ubsan_default_options();
const char* __tsan_default_options();

// Coroutine frames and what they hold outlive the function that made them: no fake stacks needed.
const char* __asan_default_options() {
    return "abort_on_error=1:strict_string_checks=1:check_initialization_order=1:"
           "detect_stack_use_after_return=0";
}

const char* __ubsan_default_options() { return "halt_on_error=1:print_stacktrace=1"; }

const char* __tsan_default_options() {
    return "halt_on_error=1:second_deadlock_stack=1:history_size=4";
}
}
