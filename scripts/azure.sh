# shellcheck shell=sh disable=SC2034 # Most of its variables are for the scripts that source it.
# Common functions of the scripts for Azure: options, commands that are shown when they run, and the stack's outputs.
# Sourced after preamble.sh.

# The options of all of them.
stack=
dry_run=false
azure_options='  --stack NAME  the Pulumi stack [default: the one selected in infra/, or else dev]
  --dry-run     print every command, but run none
  -h, --help    this text'

# take_azure_option ARGUMENT NEXT: whether it is one of these options; $taken is the number of words that it has.
take_azure_option() {
    taken=1
    case $1 in
        --stack)
            name_stack "$2"
            taken=2
            ;;
        --stack=*) name_stack "${1#--stack=}" ;;
        --dry-run) dry_run=true ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) return 1 ;;
    esac
}

# name_stack NAME: if the name is missing, the argument is the next option.
name_stack() {
    case $1 in '' | -*) usage_error "--stack needs a name" ;; esac
    stack=$1
}

usage_error() {
    printf '%s\n' "scripts/${script:?}: $1; see scripts/$script --help" >&2
    exit 2
}

# give_up MESSAGE [WHAT TO DO]...: ends the script.
give_up() {
    printf '\n%s\n' "scripts/${script:?}: $1" >&2
    shift
    for line; do
        printf '  %s\n' "$line" >&2
    done
    exit 1
}

# say LINE...
say() {
    printf '%s\n' "$@"
}

# end_dry_run: ends a dry run, because the following output would report what was done.
end_dry_run() {
    $dry_run || return 0
    say '' 'Nothing was run: this was a dry run (--dry-run).'
    exit 0
}

# --- Commands that are shown -----------------------------------------------------------------------------------

# quoted WORD...: the command in a form that can be pasted into a shell. A file's content stays $(cat FILE).
quoted() {
    separator=
    for word; do
        case $word in
            *"\$(cat "*) word="\"$word\"" ;;
            '' | *[!A-Za-z0-9_./:=,@%+-]*)
                word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
                ;;
        esac
        printf '%s%s' "$separator" "$word"
        separator=' '
    done
    printf '\n'
}

# show COMMAND...: prints the command, like every command that is run.
show() {
    printf '  $ '
    quoted "$@"
}

# run COMMAND...: shows the command and, unless this is a dry run, runs it.
run() {
    show "$@"
    $dry_run || "$@"
}

# ask PLACEHOLDER COMMAND...: like run, with the output in $answer. In a dry run, $answer is the placeholder.
ask() {
    answer=$1
    shift
    show "$@"
    $dry_run || answer=$("$@")
}

# patiently SECONDS COMMAND...: repeats the command every 15 seconds until it succeeds, because Azure applies a new role
# assignment only after some minutes. Only the output of the last attempt is shown.
patiently() {
    patience=$1
    shift
    show "$@"
    $dry_run && return
    until said=$("$@" 2>&1); do
        if [ "$patience" -le 0 ]; then
            printf '%s\n' "$said" >&2
            return 1
        fi
        say '    not yet; again in 15 s'
        sleep 15
        patience=$((patience - 15))
    done
}

# confirm QUESTION WORD: whether the user types the word. --yes and a dry run count as confirmed.
confirm() {
    if ${yes:?} || $dry_run; then
        return
    fi
    [ -t 0 ] || usage_error "this needs a confirmation, and there is no terminal: add --yes to confirm"
    printf '%s ' "$1" >&2
    read -r typed || typed=
    [ "$typed" = "$2" ]
}

# --- Tools, login, stack ------------------------------------------------------------------------------------

# need_tools TOOL...: reports all missing tools at once.
need_tools() {
    missing=
    for tool; do
        have "$tool" && continue
        case $tool in
            az) where='https://learn.microsoft.com/cli/azure/install-azure-cli' ;;
            pulumi) where='https://www.pulumi.com/docs/install/' ;;
            python3) where='a package of this system, 3.11 or later' ;;
            musl-gcc) where="$(as_root apt-get install musl-tools)" ;;
            *) where='a package of this system' ;;
        esac
        missing="$missing
  $tool: $where"
    done
    [ -z "$missing" ] && return
    if $dry_run; then
        say "Missing here, and required without --dry-run:$missing"
        return
    fi
    printf '%s\n' "scripts/$script: these are missing:$missing" >&2
    exit 2
}

# need_login: checks the logins, and shows the subscription.
need_login() {
    ask SUBSCRIPTION az account show --query name --output tsv ||
        give_up 'az is not logged in' 'az login' "az account set --subscription '<name or id>'"
    $dry_run || say "Subscription: $answer"
    ask USER pulumi whoami ||
        give_up 'pulumi is not logged in' 'pulumi login --local   (keeps the state of the stack in your home folder)' \
            'pulumi login azblob://CONTAINER?storage_account=ACCOUNT   (shares it)'
}

# selected_stack: the name of the stack that is selected in infra/, if any.
selected_stack() {
    have pulumi && pulumi stack --show-name --cwd "${root:?}/infra" 2>/dev/null
}

# choose_stack: the stack in --stack, or else the selected one, or else dev.
choose_stack() {
    if [ -z "$stack" ] && ! $dry_run; then
        stack=$(selected_stack) || stack=
    fi
    stack=${stack:-dev}
}

# pulumi_in COMMAND...: runs pulumi for the stack.
pulumi_in() {
    run pulumi "$@" --stack "$stack" --cwd "$root/infra"
}

# azure_python FILE ARGUMENT...: runs a program in scripts/azure. In a dry run, the program shows its commands.
azure_python() {
    program=$1
    shift
    if $dry_run; then set -- "$@" --dry-run; fi
    python3 -B "$root/scripts/azure/$program" "$@"
}

# read_settings [OPTION...]: the stack's settings, from the live stack and its file, as $set_plan, $set_location and so on.
read_settings() {
    assignments=$(azure_python stack_settings.py --stack "$stack" "$@") ||
        give_up 'nothing was changed' "docs/azure/deploy.md describes the settings"
    eval "$assignments"
}

# The stack's outputs, as infra/outputs.py names them. Never secret.
url='' resource_group='' location='' plan='' plan_name='' plan_id='' function_app='' function_app_id=''
app_identity_name='' app_identity_object_id='' provisioner_identity_id='' provisioner_client_id='' provisioner_name=''
postgres_server='' postgres_host='' database='' storage_account='' package_container='' app_subnet_id=''
role_step_app='' workspace_id='' workspace_name='' autoscale_setting='' autoscale_note='' lock_name='' workbook_url='' subscription_id=''

# Whether read_outputs derives the resources' names if the stack has no outputs, because its first deployment failed.
or_names=false

# read_outputs: sets the variables above. In a dry run, each has an example value.
read_outputs() {
    if $dry_run; then
        show pulumi stack output --json --stack "$stack" --cwd "$root/infra"
        assignments=$(python3 -B "$root/scripts/azure/outputs.py" --dry-run --stack "$stack" \
            --plan "$(planned premium-v3)" --location "${set_location:-swedencentral}")
        eval "$assignments"
        return
    fi
    json=$(pulumi stack output --json --stack "$stack" --cwd "$root/infra") ||
        give_up "the stack '$stack' has no outputs" './scripts/deploy   creates it' \
            'pulumi login URL   if it was deployed from another machine: the state must be shared' \
            'export PULUMI_CONFIG_PASSPHRASE=...   if the message above asks for a passphrase'
    set --
    if $or_names; then
        ask '' az account show --query id --output tsv || give_up 'the subscription cannot be read' 'az login'
        set -- --stack "$stack" --plan "$(planned premium-v3)" --subscription "$answer"
    fi
    assignments=$(printf '%s' "$json" | python3 -B "$root/scripts/azure/outputs.py" "$@") ||
        give_up "the outputs of the stack '$stack' cannot be read"
    eval "$assignments"
    [ -n "$resource_group" ] ||
        give_up "the deployment of the stack '$stack' was not completed" './scripts/deploy   continues it'
}

# need_app: ends the script if the stack is paused.
need_app() {
    [ -n "$function_app" ] || give_up "the stack '$stack' is paused" './scripts/start   resumes it'
}

# planned DEFAULT: the plan in the settings.
planned() {
    setting=${set_plan:-}
    if [ -z "$setting" ] && have pulumi; then
        setting=$(pulumi config get plan --stack "$stack" --cwd "$root/infra" 2>/dev/null) || setting=
    fi
    say "${setting:-$1}"
}

# delete_role_step: deletes the site that has the administrator's identity, if it exists. Its error message says what to do.
delete_role_step() {
    azure_python role_step.py delete --subscription "$subscription_id" --group "$resource_group" --name "$role_step_app"
}

# build_lab_for_azure: builds the lab, which builds the packages and runs the checks.
build_lab_for_azure() {
    show cargo build --profile quick --package handler --package lab
    $dry_run || build_lab || give_up 'the lab could not be built; the message is above'
}

# build_packages: builds the packages of the app and of the role step, for the plan in the settings.
build_packages() {
    build_lab_for_azure
    run "$root/target/quick/lab" package --root "$root" --plan "${set_plan:?}" || give_up 'the packages could not be built; the message is above'
}
