"""A person at Esker's prompt, played through a pseudo-terminal: prompt.py ESKER PORT."""

import os
import pty
import re
import select
import signal
import socket
import sys
import time

PROGRAM, PORT = sys.argv[1:]
TIMEOUT_SECONDS = 15
COLOURS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")

child, terminal = pty.fork()
if child == 0:
    os.execv(PROGRAM, [PROGRAM, "cli", "-p", PORT])

screen = b""


def expect(text):
    """Waits until `text` is on the screen, and forgets what stands before its end."""
    global screen
    end = time.monotonic() + TIMEOUT_SECONDS
    while True:
        plain = COLOURS.sub(b"", screen)
        found = plain.find(text.encode())
        if found >= 0:
            screen = plain[found + len(text):]
            return
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            sys.exit(f"no {text!r} in {plain!r}")
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                screen += os.read(terminal, 65536)
            except OSError:
                sys.exit(f"ended without {text!r}: {plain!r}")


def type_in(text):
    os.write(terminal, text.encode())


def line(text, *answers):
    type_in(text + "\r")
    for answer in answers:
        expect(answer)


def ends():
    """Waits for the program's end; its status."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:
                pass
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
    os.kill(child, signal.SIGKILL)
    sys.exit("it does not end")


HERE = f"127.0.0.1:{PORT}"
expect(f"{HERE}> ")
line("SET a 1", "OK", f"{HERE}> ")

# Hints stand behind the cursor, and go away as words come.
type_in("GETRANGE ")
expect("key start end")
type_in("a 0 ")
expect("end")
line("-1", '"1"', f"{HERE}> ")

# Tab completes commands and subcommands in the typed case.
type_in("getd\t")
expect("getdel ")
line("nosuch", "(nil)", f"{HERE}> ")
type_in("CONFIG RES\t")
expect("CONFIG RESETSTAT ")
line("", "OK", f"{HERE}> ")

# The prompt says where one is.
line("SELECT 2", "OK", f"{HERE}[2]> ")
line("MULTI", "OK", f"{HERE}[2](TX)> ")
line("INCR n", "QUEUED", "(TX)> ")
line("EXEC", "1) (integer) 1", f"{HERE}[2]> ")
line("2 INCR n", "(integer) 2", "(integer) 3", f"{HERE}[2]> ")
line("HSET h f v", "(integer) 1", f"{HERE}[2]> ")
line("HGETALL h", '1# "f" => "v"', f"{HERE}[2]> ")
line('GET "open', "Invalid argument(s)", f"{HERE}[2]> ")
line("help getdel", "summary:", f"{HERE}[2]> ")
line("AUTH secret", "ERR AUTH", f"{HERE}[2]> ")

# Ctrl-C ends what waits, and the database stays.
line("SUBSCRIBE news", '1> "subscribe"', "Reading messages...")
type_in("\x03")
expect(f"{HERE}[2]> ")
line("BLPOP nosuch 0")
time.sleep(0.3)
type_in("\x03")
expect(f"{HERE}[2]> ")
line("GET n", '"3"', f"{HERE}[2]> ")

# Ctrl-C clears a line.
type_in("DEL n\x03")
expect(f"{HERE}[2]> ")
line("GET n", '"3"', f"{HERE}[2]> ")

# A connection that the server ends comes back with the next command; a transaction does not.
# (A command that was sent before the end was seen is not sent again, since it may have run.)
line("CLIENT KILL TYPE normal SKIPME no", "> ")
time.sleep(0.3)
line("GET n", '"3"', f"{HERE}[2]> ")
type_in("\x1b[A")
expect("GET n")
line("", '"3"', f"{HERE}[2]> ")
line("MULTI", "OK", "(TX)> ")
with socket.create_connection(("127.0.0.1", int(PORT))) as other:
    other.sendall(b"CLIENT KILL TYPE normal\r\n")
    other.recv(100)
line("SET n lost", "the transaction is gone", "not connected> ")
line("GET n", '"3"', f"{HERE}[2]> ")

# Ctrl-C ends a command that runs again and again.
line("-1 ECHO again", '"again"', '"again"')
type_in("\x03")
expect(f"{HERE}[2]> ")

# Ctrl-D leaves.
type_in("\x04")
if ends() != 0:
    sys.exit("it ends with a failure")
