"""What SECURITY.md claims is shown by tests that exist, and what is installed is what was looked at."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_every_claim_of_the_threat_model_names_a_test_and_all_fit_on_a_page():
    text = (ROOT / "SECURITY.md").read_text()
    claims = [claim.partition("\n\n")[0] for claim in text.split("\n- ")[1:]]
    assert len(claims) > 15
    assert [claim for claim in claims if not re.search(r"\s`test_\w+`$", claim)] == []
    assert len(text.splitlines()) < 60


def test_every_test_that_the_threat_model_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text()))
    written = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        written |= set(re.findall(r"def (test_\w+)", path.read_text()))
    assert len(named) > 15
    assert named - written == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-saml.txt"])
def test_every_requirement_is_pinned_with_its_hashes(name):
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) > 20
    for line in lines:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+\s*$", line), line


def test_every_declared_dependency_is_pinned():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = {path: (ROOT / path).read_text().lower() for path in ("requirements.txt", "requirements-dev.txt")}
    groups = {
        "requirements.txt": declared["project"]["dependencies"],
        "requirements-dev.txt": declared["dependency-groups"]["dev"],
    }
    for path, dependencies in groups.items():
        for dependency in dependencies:
            name = re.match(r"[\w.-]+", dependency)[0].lower()
            assert re.search(rf"^{re.escape(name)}(\[[\w,-]+\])?==", pinned[path], re.MULTILINE), dependency


def test_rules_of_security_are_on_with_few_exceptions_outside_of_the_application():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert [rule for rule in lint["ignore"] if rule.startswith("S")] == []
    ignored = lint["per-file-ignores"].items()
    assert {path for path, rules in ignored for rule in rules if rule.startswith("S")} == {
        *("tests/*", "benchmarks/*", "faults/*")
    }
    assert [path for path, rules in ignored if "S" in rules] == []
