"""The warehouse as Dagster sees it: assets, checks, jobs and the schedule.

Belongs here: turning the dbt manifest into assets, and events of Dagster out of what the steps of a close report. Does
not belong here: the steps themselves (`orchestration.close_steps`), which know nothing of Dagster.
"""
