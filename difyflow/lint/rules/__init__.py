"""The rules: one file per family, one function per rule. The engine reads this folder."""
