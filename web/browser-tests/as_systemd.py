"""Runs a unit's commands under the unit's own rules, on a machine where systemd does not run.

    as_systemd.py UNIT     (root, in a mount and PID namespace of its own)

What a rule allows is read from the unit; a rule that this file does not know ends it, so that no rule is added to the
unit and left untried. The last process before the program is `seal`: system calls are filtered there, after everything
that the filter would refuse.
"""
import ctypes
import json
import os
import pwd
import resource
import signal
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)

NEW_MOUNTS, NEW_UTS = 0x00020000, 0x04000000
ANY_NEW_NAMESPACE = 0x7E020080
SET_MOUNT_ATTRIBUTES, HERE, ALL_BELOW, READ_ONLY = 442, -100, 0x8000, 1
WRITABLE, EXECUTABLE = 2, 4
SET_ID_BITS = 0o6000

# When the program is started and stopped is the caller's business; what has no meaning for one process in namespaces of its
# own is said beside it.
ELSEWHERE = {
    "Type", "Restart", "RestartSec", "TimeoutStopSec",
    "RemoveIPC",  # at the end of the service; the namespaces end with it
    "ProtectClock", "ProtectKernelLogs", "ProtectKernelModules",  # each by capabilities, devices and calls that are gone
    "ProtectControlGroups", "ProtectKernelTunables",  # read-only with all the rest by ProtectSystem=strict
    "RestrictRealtime", "LockPersonality",  # by calls that the filter does not let through
}
HERE_DONE = {
    "User", "Group", "ExecStartPre", "ExecStart", "StateDirectory", "StateDirectoryMode", "ConfigurationDirectory",
    "WorkingDirectory", "UMask", "LimitNOFILE", "AmbientCapabilities", "CapabilityBoundingSet", "NoNewPrivileges", "SecureBits",
    "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectProc", "ProcSubset", "ProtectHostname",
    "RestrictAddressFamilies", "RestrictNamespaces", "RestrictSUIDSGID", "MemoryDenyWriteExecute", "SystemCallArchitectures",
    "SystemCallFilter", "SystemCallErrorNumber",
}
# Those that are on or off must be on: what turns one off has to be thought through here.
ONLY = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "ProtectProc": "invisible", "ProcSubset": "pid", "ProtectHostname": "yes", "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes", "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native",
    "SystemCallErrorNumber": "EPERM", "SecureBits": "noroot-locked",
}


def read(path):
    """The section [Service]: each key with its values in order."""
    rules, section = {}, ""
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and line[0] not in "#;":
            key, value = line.split("=", 1)
            rules.setdefault(key, []).append(value)
    unknown = set(rules) - ELSEWHERE - HERE_DONE
    if unknown:
        sys.exit(f"as_systemd.py does not know what {', '.join(sorted(unknown))} asks for")
    for key, value in ONLY.items():
        if rules.get(key, [value]) != [value]:
            sys.exit(f"as_systemd.py knows {key}={value} only")
    return rules


def syscall(*arguments):
    if libc.syscall(*arguments) == -1:
        raise OSError(ctypes.get_errno(), f"system call {arguments[0]}")


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def set_writable(path, writable, flags=0):
    """`mount_setattr` (2): attributes to set and to take, no propagation, no user namespace."""
    attributes = (ctypes.c_uint64 * 4)(0 if writable else READ_ONLY, READ_ONLY if writable else 0, 0, 0)
    syscall(SET_MOUNT_ATTRIBUTES, HERE, path.encode(), flags, ctypes.byref(attributes), 32)


def build_world(rules, state):
    """What the program sees of the machine: nothing of it can be written but its own folder."""
    if libc.unshare(NEW_MOUNTS | (NEW_UTS if "ProtectHostname" in rules else 0)) == -1:
        raise OSError(ctypes.get_errno(), "unshare")
    mount("--make-rslave", "/")
    mount("--bind", state, state)
    if "ProtectSystem" in rules:
        set_writable("/", False, ALL_BELOW)
        set_writable(state, True)
    if "PrivateDevices" in rules:
        keep_devices(["null", "zero", "full", "random", "urandom", "tty"])
    if "PrivateTmp" in rules:
        for folder in ["/tmp", "/var/tmp"]:
            mount("-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "none", folder)
    if "ProtectHome" in rules:
        for folder in ["/home", "/root", "/run/user"]:
            if os.path.isdir(folder):
                mount("-t", "tmpfs", "-o", "mode=000,ro", "none", folder)
    options = [["hidepid=2"], []]["ProtectProc" not in rules] + [["subset=pid"], []]["ProcSubset" not in rules]
    mount("-t", "proc", "-o", ",".join(["nosuid", "nodev", "noexec", *options]), "proc", "/proc")


def keep_devices(names):
    mount("-t", "tmpfs", "-o", "mode=755", "none", "/mnt")
    for name in names:
        open(f"/mnt/{name}", "w", encoding="utf-8").close()
        mount("--bind", f"/dev/{name}", f"/mnt/{name}")
    os.mkdir("/mnt/shm", 0o1777)
    mount("-t", "tmpfs", "-o", "mode=1777", "none", "/mnt/shm")
    mount("--rbind", "/mnt", "/dev")
    subprocess.run(["umount", "-R", "/mnt"], check=True)


def privileges(rules, account):
    def listed(key):
        names = [name.lower().removeprefix("cap_") for line in rules.get(key, []) for name in line.split()]
        return ",".join(["-all", *(f"+{name}" for name in names)])

    ambient = listed("AmbientCapabilities")
    options = ["--reuid", account, "--regid", rules["Group"][0], "--init-groups", "--inh-caps", ambient, "--ambient-caps", ambient]
    options += ["--bounding-set", listed("CapabilityBoundingSet")] if "CapabilityBoundingSet" in rules else []
    options += ["--securebits", "+noroot_locked"] if "SecureBits" in rules else []
    options += ["--no-new-privs"] if "NoNewPrivileges" in rules else []
    return ["setpriv", *options, "--"]


def calls_of(words):
    """The calls of a set such as `@system-service`, as systemd itself lists them."""
    found = set()
    for word in words:
        if not word.startswith("@"):
            found.add(word)
            continue
        lines = subprocess.run(["systemd-analyze", "syscall-filter", word], check=True, capture_output=True, text=True).stdout
        names = [line.strip() for line in lines.splitlines()[1:]]
        names = [name for name in names if name and not name.startswith("#")]
        found |= calls_of(names)
    return found


def allowed_calls(rules):
    """None where the unit filters nothing. The first line lets through, later ones take away."""
    if "SystemCallFilter" not in rules:
        return None
    allowed = set()
    for line in rules["SystemCallFilter"]:
        if line.startswith("~"):
            allowed -= calls_of(line[1:].split())
        else:
            allowed |= calls_of(line.split())
    return sorted(allowed)


def run(rules, command):
    account = rules["User"][0]
    person = pwd.getpwnam(account)
    state = f"/var/lib/{rules['StateDirectory'][0]}"
    mode = int(rules.get("StateDirectoryMode", ["755"])[0], 8)
    configuration = f"/etc/{rules['ConfigurationDirectory'][0]}"
    for folder, folder_mode in [(state, mode), (configuration, 0o755)]:
        if not os.path.isdir(folder):
            os.mkdir(folder)
            os.chmod(folder, folder_mode)
    os.chown(state, person.pw_uid, person.pw_gid)
    os.chmod(state, mode)
    filters = {
        "calls": allowed_calls(rules),
        "families": rules.get("RestrictAddressFamilies", [""])[0].split(),
        "namespaces": "RestrictNamespaces" in rules,
        "set_ids": "RestrictSUIDSGID" in rules,
        "code": "MemoryDenyWriteExecute" in rules,
    }
    source = open(__file__, encoding="utf-8").read()
    child = os.fork()
    if child == 0:
        build_world(rules, state)
        os.chdir(rules["WorkingDirectory"][0])
        os.umask(int(rules.get("UMask", ["022"])[0], 8))
        # More than this machine's own limit only systemd itself could give.
        files = min(int(rules["LimitNOFILE"][0]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        # As systemd leaves it: nothing of whoever started the machine.
        variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8", "HOME": person.pw_dir,
                     "USER": account, "LOGNAME": account, "SHELL": person.pw_shell, "STATE_DIRECTORY": state,
                     "CONFIGURATION_DIRECTORY": configuration}
        last = [*privileges(rules, account), "python3", "-c", source, "--seal", json.dumps(filters), *command.split()]
        os.execvpe(last[0], last, variables)
    return child


class Condition(ctypes.Structure):
    """`struct scmp_arg_cmp`"""
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


EQUAL, MASKED_EQUAL = 4, 7
ALLOW, REFUSE, UNKNOWN_CALL = 0x7FFF0000, 0x00050001, 0x00050026


def seal(filters, command):
    """Filters the system calls of this process, for good, and becomes the program."""
    if filters["calls"] is not None:
        install(filters)
    os.execv(command[0], command)


def install(filters):
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))

    def rule(action, name, *conditions):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            array = (Condition * len(conditions))(*conditions)
            failed = seccomp.seccomp_rule_add_array(context, action, number, len(conditions), array)
            if failed:
                sys.exit(f"no rule for {name}: {failed}")

    special = conditional(filters)
    for name in filters["calls"]:
        if name == "clone3" and filters["namespaces"]:
            # Its flags are in memory that a filter cannot read; who gets this answer falls back to clone.
            rule(UNKNOWN_CALL, name)
        elif name in special:
            for condition in special[name]:
                rule(ALLOW, name, condition)
        else:
            rule(ALLOW, name)
    failed = seccomp.seccomp_load(context)
    if failed:
        sys.exit(f"the filter is not taken: {failed}")


def conditional(filters):
    """Calls that are let through with some arguments only: any one condition of each."""
    special = {}
    if filters["families"]:
        special["socket"] = [Condition(0, EQUAL, getattr(socket, name), 0) for name in filters["families"]]
    if filters["namespaces"]:
        special["clone"] = [Condition(0, MASKED_EQUAL, ANY_NEW_NAMESPACE, 0)]
        special["unshare"] = [Condition(0, MASKED_EQUAL, ANY_NEW_NAMESPACE, 0)]
        special["setns"] = []
    if filters["set_ids"]:
        for name, argument in [("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2)]:
            special[name] = [Condition(argument, MASKED_EQUAL, SET_ID_BITS, 0)]
    if filters["code"]:
        both = WRITABLE | EXECUTABLE
        special["mmap"] = [Condition(2, MASKED_EQUAL, both, bits) for bits in [0, WRITABLE, EXECUTABLE]]
        for name in ["mprotect", "pkey_mprotect"]:
            special[name] = [Condition(2, MASKED_EQUAL, EXECUTABLE, 0)]
    return special


def main():
    if sys.argv[1] == "--seal":
        seal(json.loads(sys.argv[2]), sys.argv[3:])
    rules = read(sys.argv[1])
    for command in rules.get("ExecStartPre", []):
        _, status = os.waitpid(run(rules, command), 0)
        if status != 0:
            sys.exit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    for command in rules["ExecStart"]:
        child = run(rules, command)
        signal.signal(signal.SIGTERM, lambda number, frame: os.kill(child, number))
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status) and 1)


main()
