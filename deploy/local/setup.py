"""Sets a fresh machine up for the hub, in steps that `make` calls when their outcome is missing or too old.

setup.py tools      are Python 3.11+, Java 17+ and Maven here?
setup.py python     the virtual environment .venv with the pinned packages of the hub
setup.py dev        the same, with those of tests and checks
setup.py wheel      the same, with what builds a wheel of compiled modules
setup.py kafka      the jars of Apache Kafka in .kafka/libs
setup.py archive    the class-data archive that halves the start of Kafka (needs the two before)

Needs only the standard library, and an old Python gets far enough to be told that it is too old.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

PYTHON = (3, 11)
JAVA = 17
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / ".venv"
KAFKA = ROOT / ".kafka"
LIBS = KAFKA / "libs"
EVERY_SECONDS = 2.0
UNITS = {"kB": 1e-3, "KB": 1e-3, "MB": 1.0, "GB": 1e3}
PIP_LINE = re.compile(r"Downloading \S*?([^/\s]+) \(([\d.]+) (\w+)\)")
MAVEN_LINE = re.compile(r"Downloaded from \S+ \S*/(\S+) \(([\d.]+) (\w+)")


def tools():
    # An old Python cannot run the other checks.
    checks = (missing_java, missing_maven) if sys.version_info >= PYTHON else (old_python,)
    missing = [text for text in (check() for check in checks) if text]
    if missing:
        raise SystemExit(f"missing: {'; '.join(missing)}")
    KAFKA.mkdir(exist_ok=True)
    (KAFKA / "tools").touch()


def python(extra=""):
    started = time.time()
    say("python", f"making .venv with the packages pinned in deploy/local/constraints.txt {extra}".rstrip())
    if not (VENV / "bin" / "pip").exists():
        run("venv", [sys.executable, "-m", "venv", VENV], "does this Python lack its venv package?")
    here = VENV / "bin" / "python"
    pip = [
        here,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "--no-compile",
    ]
    pip += ["-c", HERE / "constraints.txt", "-e", f"{ROOT}{extra}"]
    run("python", pip, "is the network there?", PIP_LINE)
    # On all cores, which pip does not; left undone, the first start of every command would compile for seconds.
    subprocess.run([str(here), "-m", "compileall", "-qq", "-j", "0", str(VENV / "lib"), "hub"], cwd=str(ROOT))
    (VENV / "ready").touch()
    say("python", f"{megabytes(VENV)} in {time.time() - started:.0f} s")


def dev():
    python("[dev]")
    (VENV / "dev").touch()


def wheel():
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        raise SystemExit("missing: a C compiler, and the headers of Python (on Debian: gcc and python3-dev)")
    python("[wheel]")
    (VENV / "wheel").touch()


def kafka():
    started = time.time()
    say("kafka", "fetching the jars of Apache Kafka with Maven (about 45 MB)")
    fresh = KAFKA / "libs.new"
    shutil.rmtree(fresh, ignore_errors=True)
    maven = ["mvn", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    run("kafka", [*maven, f"-DoutputDirectory={fresh}"], "is the network there?", MAVEN_LINE)
    # Only a complete set takes the place of the old one.
    shutil.rmtree(LIBS, ignore_errors=True)
    fresh.rename(LIBS)
    (KAFKA / "jars").touch()
    say("kafka", f"{len(list(LIBS.iterdir()))} jars, {megabytes(LIBS)} in {time.time() - started:.0f} s")


def archive():
    started = time.time()
    say("kafka", "one practice start, to keep the classes it loads for faster starts")
    practice = [VENV / "bin" / "python", "-m", "hub.local.archive", LIBS]
    try:
        run("archive", practice, "Kafka works all the same, but starts slower")
        say(
            "kafka", f"class-data archive of {megabytes(LIBS / 'kafka.jsa')} in {time.time() - started:.0f} s"
        )
    except SystemExit as trouble:
        say("kafka", str(trouble))
    (KAFKA / "archive").touch()


class Progress:
    """Counts what a program says it downloaded, and tells every two seconds."""

    def __init__(self, part, pattern):
        self.part = part
        self.pattern = pattern
        self.files = 0
        self.megabytes = 0.0
        self.started = self.told = time.time()

    def see(self, line):
        found = self.pattern.search(line)
        if not found:
            return
        self.files += 1
        self.megabytes += float(found.group(2)) * UNITS.get(found.group(3), 0.0)
        now = time.time()
        if now - self.told >= EVERY_SECONDS:
            self.told = now
            so_far = f"{self.files} files, {self.megabytes:.1f} MB, {now - self.started:.0f} s"
            say(self.part, f"{so_far}: {found.group(1)}")


def run(part, command, hint, pattern=None):
    """Runs a program with its output in a log file; a failure shows its last lines and stops the set-up."""
    KAFKA.mkdir(exist_ok=True)
    log = KAFKA / f"setup-{part}.log"
    progress = Progress(part, pattern) if pattern else None
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        for line in process.stdout:
            out.write(line)
            if progress:
                progress.see(line)
            if line.startswith("Installing collected"):
                say(part, "all there, installing")
    if process.wait():
        say(part, "\n".join(log.read_text().splitlines()[-15:]))
        raise SystemExit(f"set-up stopped at '{part}' ({hint}) The whole output is in {log}")


def say(part, text):
    print(f"[{part}] {text}", flush=True)


def megabytes(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 1e6:.0f} MB"


def old_python():
    here = ".".join(str(number) for number in sys.version_info[:2])
    return f"Python 3.11 or newer (this is {here}; another one: `make PYTHON=python3.11 ...`)"


def missing_java():
    found = re.search(r'version "(\d+)', output("java", "-version"))
    if found and int(found.group(1)) >= JAVA:
        return ""
    here = f"this is {found.group(1)}" if found else "`java` is not found"
    return f"a Java runtime, {JAVA} or newer ({here})"


def missing_maven():
    return "" if "Apache Maven" in output("mvn", "--version") else "Maven (`mvn` is not found)"


def output(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError:
        return ""
    return done.stdout


if __name__ == "__main__":
    steps = {"tools": tools, "python": python, "dev": dev, "wheel": wheel, "kafka": kafka, "archive": archive}
    steps[sys.argv[1]]()
