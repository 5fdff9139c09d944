//! The cases that only tests of `lab up` can check, and those that no test can check.

use super::Elsewhere;

const WORDS: &str = "the case is about what lab up prints";
const OPTIONS: &str = "the case is about an option of lab up";

pub const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere {
        numbers: "17",
        source: "HostJsonFileConfigurationSource.cs, HttpWorkerOptionsSetup.cs: what is wrong with a host file",
        why: WORDS,
        tests: &[
            "configuration::case_17_wrong_host_files_are_refused_in_one_sentence",
            "configuration::case_17_missing_files_are_named",
            "profiles::folders_beside_routes_are_refused",
        ],
    },
    Elsewhere {
        numbers: "27",
        source: "WorkerProcessUtilities.cs: the last three error lines go with a crash",
        why: WORDS,
        tests: &["lifecycle::case_27_the_last_three_error_lines_go_with_the_crash"],
    },
    Elsewhere {
        numbers: "31",
        source: "HttpRequestBodySizeMiddleware.cs: the limit of a request does not limit a result",
        why: "lab up has one limit for both directions to get wrong; the real host has none for results",
        tests: &["json_protocol::case_31_the_limit_of_a_request_does_not_limit_a_result"],
    },
    Elsewhere {
        numbers: "32",
        source: "DefaultHttpWorkerService.cs, lines 198 to 213: a warm-up that is answered with an empty 200",
        why: "the real host never answers such a call; lab up answers 500 and says so",
        tests: &["json_protocol::case_32_a_warm_up_answered_with_an_empty_200_fails"],
    },
    Elsewhere {
        numbers: "33, 48",
        source: "WorkerProcess.cs, BuildAndLogConsoleLog: lines for the system log; StartHostAction.cs: what is shown",
        why: WORDS,
        tests: &[
            "lifecycle::case_33_a_line_for_the_system_log_belongs_to_the_host",
            "lifecycle::case_33_without_verbose_only_problems_of_elastic_visits_are_shown",
            "lifecycle::another_app_is_not_called_elastic_visits_and_its_output_is_shown",
        ],
    },
    Elsewhere {
        numbers: "34",
        source: "Azure-Functions#2490, azure-functions-docker#404: SIGTERM before the handler is killed",
        why: OPTIONS,
        tests: &[
            "lifecycle::case_34_sigterm_is_an_extra",
            "lifecycle::case_34_a_second_signal_does_not_wait",
            "lifecycle::case_34_child_processes_of_the_handler_end_with_it",
        ],
    },
    Elsewhere {
        numbers: "39",
        source: "HttpWorkerOptionsSetup.cs: port, type, and level that are not known, or ignored; a port that is taken",
        why: WORDS,
        tests: &[
            "profiles::unknown_values_are_refused_with_the_known_ones",
            "profiles::a_fixed_port_must_be_free_and_has_one_instance",
            "profiles::ignored_settings_are_reported",
            "profiles::the_worker_runtime_must_be_custom",
        ],
    },
    Elsewhere {
        numbers: "40",
        source: "HostFunctionMetadataProvider.cs, AppSettingsFile.cs: a file that is not JSON, or encrypted",
        why: WORDS,
        tests: &[
            "configuration::an_error_in_a_file_has_its_name_line_and_column",
            "configuration::an_encrypted_file_is_refused",
        ],
    },
    Elsewhere {
        numbers: "42",
        source: "Core Tools' StartHostAction.cs: --functions",
        why: OPTIONS,
        tests: &["profiles::only_the_listed_functions_are_loaded"],
    },
    Elsewhere {
        numbers: "43",
        source: "Core Tools' StartHostAction.cs, ParseArgs: Host.LocalHttpPort, and --cors",
        why: "each case has a port of its own, and options count for more than the file",
        tests: &[
            "profiles::the_port_of_the_local_settings_is_the_default",
            "cors::local_settings_allow_origins_and_the_command_line_counts_for_more",
        ],
    },
    Elsewhere {
        numbers: "46, 47",
        source: "WebJobsRouteBuilder.cs, DefaultWorkerProcessFactory.cs; #9779: why an app does not start",
        why: WORDS,
        tests: &[
            "starting::a_missing_interpreter_is_named",
            "starting::a_working_directory_that_cannot_be_created_is_named",
            "starting::a_handler_on_another_port_is_found",
            "starting::a_handler_on_ipv6_only_is_found",
            "starting::exit_codes_are_explained",
        ],
    },
    Elsewhere {
        numbers: "49",
        source: "Core Tools' StartHostAction.cs, CheckNonOptionalSettings: a trigger that needs a storage account",
        why: "lab up needs no storage account: it starts, and says that func start would not",
        tests: &["unsupported::a_storage_account_is_required_only_if_func_start_needs_it"],
    },
    Elsewhere {
        numbers: "50",
        source: "WebJobsApplicationBuilderExtension.cs, HttpRequestQueue.cs: /runtime/health; a value that is no limit",
        why: "lab up starts without a handler, too, and says what is wrong with a limit",
        tests: &[
            "offline::probes_report_whether_the_host_runs",
            "limits::wrong_limits_are_refused_in_one_sentence",
        ],
    },
    Elsewhere {
        numbers: "51",
        source: "#8352, #6644, #6251, #11305, #5692, #9260; azure-docs#69447; Core Tools' #3868, #4704",
        why: "not tested: what these threads report is not known here",
        tests: &[],
    },
];
