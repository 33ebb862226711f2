# module(NAME [ON_POSTGRES] [DEPS a b ...]) declares src/NAME as the library domicile_NAME.
#
# - A dependency must already be a target, so the order of the calls is the layer order and a cycle
#   cannot be written.
# - Only the declared dependencies (and what they declare) are on the include path: each module has an
#   include root of its own in the build tree, which holds one link to its folder.
# - domicile_NAME_alone links the whole archive with nothing but what is declared, so that a use of an
#   undeclared module fails to link.
# - Every *_test.cc in the folder goes into domicile_NAME_test, registered with CTest, and is compiled
#   without optimisation (only the tests themselves are): half of the time of a build goes into them.
#   ON_POSTGRES: they run once more, as one test, with their databases on PostgreSQL
#   (sql/engine_testing.h).
function(module name)
    cmake_parse_arguments(ARG "ON_POSTGRES" "" "DEPS" ${ARGN})
    string(REPLACE "/" "_" flat ${name})
    set(target domicile_${flat})
    set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${name})

    set(dependencies "")
    foreach(dependency IN LISTS ARG_DEPS)
        string(REPLACE "/" "_" dependency ${dependency})
        if(NOT TARGET domicile_${dependency})
            message(FATAL_ERROR "module(${name}): '${dependency}' is not declared above it. "
                                "A module may depend only on modules above it in src/CMakeLists.txt.")
        endif()
        list(APPEND dependencies domicile_${dependency})
    endforeach()

    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
    set(tests ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.cc$")
    list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")

    set(include_root ${CMAKE_BINARY_DIR}/include/${flat})
    get_filename_component(parent ${include_root}/${name} DIRECTORY)
    file(MAKE_DIRECTORY ${parent})
    file(CREATE_LINK ${folder} ${include_root}/${name} SYMBOLIC)

    if(sources)
        add_library(${target} STATIC ${sources})
        target_include_directories(${target} PUBLIC ${include_root})
        target_link_libraries(${target} PUBLIC ${dependencies} domicile_settings)
        if(DOMICILE_PCH)
            target_precompile_headers(${target} REUSE_FROM domicile_pch)
        endif()
    endif()
    # Not under sanitizers: what links alone does so without them, and their links are slow.
    if(sources AND NOT DOMICILE_SANITIZE)
        file(WRITE ${CMAKE_BINARY_DIR}/alone/${flat}.cc.in "int main() { return 0; }\n")
        configure_file(${CMAKE_BINARY_DIR}/alone/${flat}.cc.in ${CMAKE_BINARY_DIR}/alone/${flat}.cc COPYONLY)
        add_executable(${target}_alone ${CMAKE_BINARY_DIR}/alone/${flat}.cc)
        target_link_libraries(${target}_alone PRIVATE
            -Wl,--whole-archive $<TARGET_FILE:${target}> -Wl,--no-whole-archive ${dependencies}
            domicile_settings)
        add_dependencies(${target}_alone ${target})
    endif()
    if(NOT sources)
        add_library(${target} INTERFACE)
        target_include_directories(${target} INTERFACE ${include_root})
        target_link_libraries(${target} INTERFACE ${dependencies} domicile_settings)
    endif()

    if(tests AND BUILD_TESTING)
        add_executable(${target}_test ${tests})
        target_link_libraries(${target}_test PRIVATE ${target} GTest::gmock GTest::gtest_main)
        target_compile_definitions(${target}_test PRIVATE
            DOMICILE_TESTDATA="${folder}/testdata")
        target_compile_options(${target}_test PRIVATE ${DOMICILE_TEST_OPTIONS})
        if(DOMICILE_PCH)
            target_precompile_headers(${target}_test REUSE_FROM domicile_test_pch)
        endif()
        gtest_discover_tests(${target}_test TEST_PREFIX ${flat}. DISCOVERY_TIMEOUT 60
                             PROPERTIES TIMEOUT 120)
        if(ARG_ON_POSTGRES)
            add_test(NAME ${flat}.on_postgres COMMAND ${target}_test)
            set_tests_properties(${flat}.on_postgres PROPERTIES
                                 ENVIRONMENT DOMICILE_TEST_SQL=postgres TIMEOUT 900 COST 200)
        endif()
    endif()
endfunction()
