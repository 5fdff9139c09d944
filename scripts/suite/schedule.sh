# shellcheck shell=sh disable=SC2154 # Variables of the step are set by eval, others by plan.sh and scripts/test.
# Runs the selected steps of scripts/test, with the lanes of the plan at the same time. Sourced after plan.sh.

logs=${root:?}/target/test-logs
# Contains the process id of the run that uses this project's target folder.
lock=${root:?}/target/test-run
# Each step has its own process group, so that Ctrl+C ends everything that it started.
if have setsid; then group=setsid; else group=; fi

number=0
running=
ended=' '
passed=' '
table=
all_cpu=0

# all_in STEPS LIST: whether each of them is in the list.
all_in() {
    for one in $1; do
        case $2 in
            *" $one "*) ;;
            *) return 1 ;;
        esac
    done
}

lane_is_free() {
    for other in $running; do
        mine=$lane
        look_up "$other"
        other_lane=$lane
        lane=$mine
        [ "$other_lane" != "$mine" ] || return 1
    done
}

# take_lock: two runs would overwrite each other's logs, packages, and virtual environments.
take_lock() {
    mkdir -p "${lock%/*}"
    until (set -C && echo $$ >"$lock") 2>/dev/null; do
        other=$(cat "$lock" 2>/dev/null) || other=
        # A run that was killed leaves its lock behind.
        if [ -z "$other" ] || kill -0 "$other" 2>/dev/null; then
            refuse "another run (process ${other:-unknown}) uses $root/target. Wait until it ends, or stop it. If there is no such run, delete $lock"
        fi
        rm -f "$lock"
    done
    trap 'rm -f "$lock"' EXIT
}

# cpu_seconds FILE: the CPU time of all processes of a step, from the output of the shell's times at its end.
cpu_seconds() {
    total=0 user='' system=''
    # The first line is about the shell itself, the second one about its children.
    { read -r rest && read -r user system; } 2>/dev/null <"$1" || :
    for part in $user $system; do
        seconds=${part#*m}
        total=$((total + ${part%%m*} * 60 + ${seconds%%[!0-9]*}))
    done
    printf '%s' "$total"
}

start() {
    rm -f "$logs/$1.exit" "$logs/$1.cpu"
    eval "begun_$1=$(date +%s)"
    # The exit code is written when the step has ended for any reason.
    # shellcheck disable=SC2016 # That shell expands them.
    own_session=$group $group sh -c '"$1" --alone "$2"; code=$?; times >"$3.cpu"; echo $code >"$3.exit"' sh "$root/scripts/test" "$1" "$logs/$1" \
        >"$logs/$1.log" 2>&1 </dev/null &
    eval "process_$1=$!"
    running="$running $1"
}

# add_to_table STEP RESULT SECONDS CPU_SECONDS
add_to_table() {
    table="$table$(printf '%-12s %-8s %6s s %6s s' "$@")
"
}

# report STEP RESULT SECONDS: prints the step's output, and adds a line to the table.
report() {
    number=$((number + 1))
    printf '\n== %s of %s: %s %s after %s s\n' "$number" "${count:?}" "$1" "$2" "$3"
    [ ! -e "$logs/$1.log" ] || cat "$logs/$1.log"
    ended="$ended$1 "
    [ "$2" != passed ] || passed="$passed$1 "
    cpu=$(cpu_seconds "$logs/$1.cpu")
    all_cpu=$((all_cpu + cpu))
    add_to_table "$1" "$2" "$3" "$cpu"
}

interrupted() {
    trap - HUP INT TERM
    for step in $running; do
        eval "process=\$process_$step"
        kill -TERM "${group:+-}$process" 2>/dev/null || :
    done
    # A CI run may keep only this output.
    for step in $running; do
        printf '\n== %s was interrupted; the last lines of its output:\n' "$step"
        tail -n 40 "$logs/$step.log" || :
    done
    printf '\n%s\n' "scripts/test: interrupted in$running; the output is in $logs" >&2
    exit 130
}

run_steps() {
    take_lock
    trap interrupted HUP INT TERM
    mkdir -p "$logs"
    rm -f "$logs"/*
    # shellcheck disable=SC2086 # One word for each step.
    count=$(set -- $selected && echo $#)
    all_begun=$(date +%s)
    waiting=$selected
    while [ -n "$waiting$running" ]; do
        left=$running
        running=
        for step in $left; do
            if [ -s "$logs/$step.exit" ]; then
                eval "begun=\$begun_$step"
                case $(cat "$logs/$step.exit") in
                    0) result=passed ;;
                    # A required program is not installed. The step does not count as passed.
                    77) result='not run' ;;
                    *) result=FAILED ;;
                esac
                report "$step" "$result" $(($(date +%s) - begun))
            else
                # A step that was killed, or had no disk space for its exit code, leaves none.
                eval "process=\$process_$step"
                kill -0 "$process" 2>/dev/null || [ -s "$logs/$step.exit" ] || echo killed >"$logs/$step.exit"
                running="$running $step"
            fi
        done
        left=$waiting
        waiting=
        for step in $left; do
            look_up "$step"
            if all_in "$after" "$passed"; then
                if lane_is_free; then start "$step"; else waiting="$waiting $step"; fi
            elif all_in "$after" "$ended"; then
                # A step that it depends on has failed.
                report "$step" 'not run' 0
            else
                waiting="$waiting $step"
            fi
        done
        [ -z "$running" ] || sleep 0.2
    done
    add_to_table all '' $(($(date +%s) - all_begun)) "$all_cpu"
    printf '\n%-12s %-8s %8s %8s\n%s' step result time 'CPU time' "$table"
    [ -z "$left_out" ] || printf '\nNot run, because they were not named: %s\n' "$left_out"
    # shellcheck disable=SC2086 # One word for each step.
    set -- $passed
    printf '\n%s passed, %s failed or not run\n' $# $((count - $#))
    [ $# = "$count" ]
}
