"""The rules' former place; it is `components.config.cloud_sql_rules`."""

from components.config.cloud_sql_rules import problems as problems
