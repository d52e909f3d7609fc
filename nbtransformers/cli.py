"""The command line: `nbtransformers demo`, `nbtransformers doctor`, `nbtransformers runs`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from nbtransformers.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it went well, 1 when it did not."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except UserError as error:
        print(f"nbtransformers: {error}".replace("`%runs", "`nbtransformers runs"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nbtransformers", description="Explore text with Transformers in a notebook.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="open the quickstart in JupyterLab")
    demo.add_argument("--headless", action="store_true", help="run it here, print the result, write an HTML file")
    demo.add_argument("--no-browser", action="store_true", help="only start JupyterLab, and print its address")
    demo.add_argument("--folder", default="nbtransformers-demo", help="where the notebook goes (default: %(default)s)")
    commands.add_parser("doctor", help="what this machine has, what is missing and how to get it")
    runs = commands.add_parser("runs", help="the training runs of a project: list, show, pause, resume, stop, delete")
    runs.add_argument("words", nargs="*", metavar="NAME", help="the name of a run, also behind what it is to do")
    runs.add_argument("--folder", help="where the runs are (default: nbtransformers-runs)")
    runs.add_argument("--yes", action="store_true", help="delete without asking")
    return parser


def _demo(options: argparse.Namespace) -> int:
    from nbtransformers import demo

    if options.headless:
        return demo.run_headless(options.folder)
    return demo.open_lab(options.folder, browser=not options.no_browser)


def _doctor(options: argparse.Namespace) -> int:
    from nbtransformers.doctor import examine

    report = examine()
    print(report)
    return 0 if report.healthy else 1


def _runs(options: argparse.Namespace) -> int:
    from nbtransformers.magics.runs import asked_for

    print(asked_for(options.words, options.folder, yes=options.yes))
    return 0


_COMMANDS = {"demo": _demo, "doctor": _doctor, "runs": _runs}


if __name__ == "__main__":
    sys.exit(main())
