"""The check that comments and docs name processes: no pronoun stands for a process."""
