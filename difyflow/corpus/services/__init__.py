"""What each fine-tuning service takes: a module a service, found by its name.

A module holds `RULES` (rule id to severity), `findings(value)` for one parsed line and `whole(tally)` for
what only the whole file shows. A line that `check.is_plain` passes satisfies every service, and is not
handed to them.
"""
