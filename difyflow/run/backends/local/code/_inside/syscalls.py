"""The numbers of the kernel calls that the sandbox decides about, for x86-64 and aarch64.

Read from the Linux UAPI headers (`asm/unistd_64.h`, `asm-generic/unistd.h`, Linux 6.1; `fchmodat2` from 6.6);
a test compares the tables with the headers of the machine that it runs on. One entry is
`name x86-64 aarch64`; `-` where the machine has no such call.
"""

from __future__ import annotations

# What CPython and its standard library need to compute and to work in the private folder.
ALLOWED = """
read 0 63, write 1 64, close 3 57, fstat 5 80, newfstatat 262 79, stat 4 -, lstat 6 -, statx 332 291,
lseek 8 62, pread64 17 67, pwrite64 18 68, readv 19 65, writev 20 66, preadv 295 69, pwritev 296 70,
preadv2 327 286, pwritev2 328 287, mmap 9 222, munmap 11 215, mremap 25 216, mprotect 10 226,
madvise 28 233, msync 26 227, brk 12 214, membarrier 324 283, futex 202 98, sched_yield 24 124,
rseq 334 293, set_robust_list 273 99, get_robust_list 274 100, set_tid_address 218 96,
rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigpending 127 136,
rt_sigtimedwait 128 137, rt_sigsuspend 130 133, sigaltstack 131 132, pause 34 -, alarm 37 -,
setitimer 38 103, getitimer 36 102, restart_syscall 219 128, clock_gettime 228 113, clock_getres 229 114,
clock_nanosleep 230 115, nanosleep 35 101, gettimeofday 96 169, time 201 -, times 100 153,
getrusage 98 165, sysinfo 99 179, uname 63 160, getrandom 318 278, getcpu 309 168,
sched_getaffinity 204 123, getpid 39 172, gettid 186 178, getppid 110 173, getuid 102 174,
geteuid 107 175, getgid 104 176, getegid 108 177, getresuid 118 148, getresgid 120 150, getgroups 115 158,
getpgrp 111 -, getpgid 121 155, getsid 124 156, getrlimit 97 163, wait4 61 260, waitid 247 95, exit 60 93,
exit_group 231 94, arch_prctl 158 -, access 21 -, faccessat 269 48, faccessat2 439 439, getdents 78 -,
getdents64 217 61, getcwd 79 17, chdir 80 49, fchdir 81 50, mkdir 83 -, mkdirat 258 34, rmdir 84 -,
unlink 87 -, unlinkat 263 35, rename 82 -, renameat 264 38, renameat2 316 276, link 86 -, linkat 265 37,
symlink 88 -, symlinkat 266 36, readlink 89 -, readlinkat 267 78, ftruncate 77 46, fallocate 285 47,
fsync 74 82, fdatasync 75 83, fadvise64 221 223, flock 73 32, umask 95 166, statfs 137 43, fstatfs 138 44,
sendfile 40 71, copy_file_range 326 285, dup 32 23, dup2 33 -, dup3 292 24, pipe 22 -, pipe2 293 59,
poll 7 -, ppoll 271 73, select 23 -, pselect6 270 72, epoll_create 213 -, epoll_create1 291 20,
epoll_ctl 233 21, epoll_wait 232 -, epoll_pwait 281 22, epoll_pwait2 441 441, eventfd 284 -,
eventfd2 290 19, close_range 436 436
"""

# Calls that depend on their arguments; `seccomp.py` decides.
GUARDED = """
open 2 -, openat 257 56, clone 56 220, fcntl 72 25, ioctl 16 29, prctl 157 167, prlimit64 302 261,
kill 62 129, tgkill 234 131, execve 59 221, clone3 435 435
"""

# Answered with EPERM, so that Python says "Operation not permitted" rather than "not implemented".
FORBIDDEN = """
socket 41 198, socketpair 53 199, connect 42 203, bind 49 200, listen 50 201, accept 43 202,
accept4 288 242, sendto 44 206, sendmsg 46 211, sendmmsg 307 269, recvfrom 45 207, recvmsg 47 212,
recvmmsg 299 243, getsockname 51 204, getpeername 52 205, getsockopt 55 209, setsockopt 54 208,
shutdown 48 210, fork 57 -, vfork 58 -, execveat 322 281, tkill 200 130, rt_sigqueueinfo 129 138,
rt_tgsigqueueinfo 297 240, pidfd_open 434 434, pidfd_send_signal 424 424, pidfd_getfd 438 438,
ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, process_madvise 440 440,
kcmp 312 272, setsid 112 157, setpgid 109 154, setpriority 141 140, sched_setaffinity 203 122,
sched_setscheduler 144 119, sched_setparam 142 118, sched_setattr 314 274, setrlimit 160 164,
setuid 105 146, setgid 106 144, setreuid 113 145, setregid 114 143, setresuid 117 147, setresgid 119 149,
setgroups 116 159, setfsuid 122 151, setfsgid 123 152, capset 126 91, personality 135 92, chmod 90 -,
fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, chown 92 -, fchown 93 55, lchown 94 -, fchownat 260 54,
utime 132 -, utimes 235 -, utimensat 280 88, futimesat 261 -, setxattr 188 5, lsetxattr 189 6,
fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16, truncate 76 45,
mknod 133 -, mknodat 259 33, io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
memfd_create 319 279, memfd_secret 447 447, userfaultfd 323 282, perf_event_open 298 241, bpf 321 280,
keyctl 250 219, add_key 248 217, request_key 249 218, inotify_init 253 -, inotify_init1 294 26,
inotify_add_watch 254 27, fanotify_init 300 262, fanotify_mark 301 263, name_to_handle_at 303 264,
open_by_handle_at 304 265, shmget 29 194, shmat 30 196, shmctl 31 195, shmdt 67 197, semget 64 190,
semop 65 193, semctl 66 191, semtimedop 220 192, msgget 68 186, msgsnd 69 189, msgrcv 70 188,
msgctl 71 187, mq_open 240 180, mq_unlink 241 181, mount 165 40, umount2 166 39, move_mount 429 429,
open_tree 428 428, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433,
mount_setattr 442 442, pivot_root 155 41, chroot 161 51, unshare 272 97, setns 308 268, swapon 167 224,
swapoff 168 225, reboot 169 142, sethostname 170 161, setdomainname 171 162, init_module 175 105,
finit_module 313 273, delete_module 176 106, kexec_load 246 104, kexec_file_load 320 294, acct 163 89,
quotactl 179 60, settimeofday 164 170, clock_settime 227 112, adjtimex 159 171, clock_adjtime 305 266,
vhangup 153 58, syslog 103 116, ioperm 173 -, iopl 172 -, modify_ldt 154 -, lookup_dcookie 212 18
"""


def numbers(table: str, column: int) -> dict[str, int]:
    """Reads one column (0 is x86-64, 1 is aarch64) of a table: name -> number."""
    rows = [entry.split() for entry in table.replace("\n", " ").split(",")]
    return {row[0]: int(row[1 + column]) for row in rows if row[1 + column] != "-"}
