"""All rules, by id."""

from __future__ import annotations

from econda_edsl.lint.rule import Rule
from econda_edsl.lint.rules import (
    allow_reason,
    called_handlers,
    inline_install,
    missing_doc,
    missing_time,
    name_style,
    no_else,
    policy_shadowed,
    retry_on_any,
    spot_without_checkpoint,
    tag_not_digest,
    unused_output,
    use_before_bind,
    wide_gather,
)

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        allow_reason.RULE,
        called_handlers.RULE,
        inline_install.RULE,
        missing_doc.RULE,
        missing_time.RULE,
        name_style.RULE,
        no_else.RULE,
        policy_shadowed.RULE,
        retry_on_any.RULE,
        spot_without_checkpoint.RULE,
        tag_not_digest.RULE,
        unused_output.RULE,
        use_before_bind.RULE,
        wide_gather.RULE,
    )
}
