"""The content security policy, as those read it who look for a way around it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from bot.settings import ROOT
from bot.web.guard import CONTENT_SECURITY_POLICY

EVALUATOR = ROOT / "node_modules" / "csp_evaluator" / "dist"
MEDIUM = 30
"""From here on a finding says only what might be better (its `Severity`): 10 is high, 20 a fault of syntax."""

FIND = """([files, policy]) => {
    const made = {};
    const load = (name) => {
        if (!(name in made)) {
            const module = {exports: made[name] = {}};
            const there = new URL(name, "https://here.example/");
            const require = (path) => load(new URL(path + ".js", there).pathname.slice(1));
            new Function("exports", "require", "module", files[name])(module.exports, require, module);
        }
        return made[name];
    };
    const {CspParser} = load("parser.js"), {CspEvaluator} = load("evaluator.js");
    return new CspEvaluator(new CspParser(policy).csp).evaluate();
}"""
"""Its modules ask for one another as they do in Node, which the tests need not have."""


def findings(page: Page, policy: str) -> list[dict[str, Any]]:
    """Have a policy evaluated."""
    files = {
        path.relative_to(EVALUATOR).as_posix(): path.read_text(encoding="utf-8") for path in EVALUATOR.rglob("*.js")
    }
    found: list[dict[str, Any]] = page.evaluate(FIND, [files, policy])
    return found


def test_nothing_of_weight_is_found_in_the_policy(page: Page) -> None:
    assert Path(EVALUATOR / "evaluator.js").is_file()
    assert [one for one in findings(page, CONTENT_SECURITY_POLICY) if one["severity"] <= MEDIUM] == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        ("script-src 'self'", "script-src *"),
        ("object-src 'none'", "object-src *"),
        ("script-src 'self'; ", ""),
    ],
)
def test_a_weaker_policy_is_found_out(page: Page, good: str, bad: str) -> None:
    weaker = CONTENT_SECURITY_POLICY.replace(good, bad).replace("default-src 'none'; ", "")
    if bad:
        assert bad in weaker
    assert [one for one in findings(page, weaker) if one["severity"] <= MEDIUM]
