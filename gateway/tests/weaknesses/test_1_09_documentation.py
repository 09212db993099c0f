"""No safe configuration is shipped, and no guide says how to make one."""

from gateway.tests.support import ROOT


def test_there_is_no_template_and_no_guide() -> None:
    shipped = {path.name for path in (ROOT / "gateway").rglob("*") if "tests" not in path.parts}
    assert not {name for name in shipped if "template" in name or name in {"SECURITY.md", "HARDENING.md"}}
