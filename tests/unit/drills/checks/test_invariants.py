"""Each invariant notices its violation, says where, and does not cry wolf."""

from __future__ import annotations

from dataclasses import replace

from drills.checks import invariants
from drills.load.notes import Seen, State

A = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
STATES = [State(f"mysql-{n}.mysql", 100 + n, f"uuid-{n}", n == 0, f"{A}:1-9") for n in range(3)]
PRIMARY = "mysql-0.mysql"


def test_a_row_that_one_member_lacks_is_lost() -> None:
    held = {"mysql-0.mysql": {1, 2, 3}, "mysql-1.mysql": {1, 3}}
    check = invariants.no_row_lost({1, 2, 3}, held)
    assert not check.ok
    assert check.detail == "mysql-1.mysql lacks 1: 2"
    assert invariants.lost({1, 2, 3}, held) == 1


def test_rows_that_nobody_was_told_of_may_be_there() -> None:
    assert invariants.no_row_lost({1}, {"mysql-0.mysql": {1, 2}}).ok


def test_of_many_lost_rows_a_few_are_named() -> None:
    check = invariants.no_row_lost(range(100), {"mysql-0.mysql": set()})
    assert check.detail == "mysql-0.mysql lacks 100: 0, 1, 2, 3, 4, …"


def test_nothing_written_proves_nothing() -> None:
    assert not invariants.no_row_lost(set(), {"mysql-0.mysql": set()}).ok
    assert not invariants.one_writable([], PRIMARY).ok
    assert not invariants.same_transactions([]).ok


def test_a_writable_replica_is_noticed_even_alone() -> None:
    assert invariants.one_writable(STATES, PRIMARY).ok
    check = invariants.one_writable([*STATES, replace(STATES[2], writable=True)], PRIMARY)
    assert not check.ok
    assert check.detail == "mysql-2.mysql was writable in 1 of 4 looks"


def test_a_primary_that_is_not_writable_is_no_second_one() -> None:
    assert invariants.one_writable([replace(STATES[0], writable=False), *STATES[1:]], PRIMARY).ok


def test_a_member_that_does_not_answer_is_named() -> None:
    assert invariants.all_answer(STATES, [state.host for state in STATES]).ok
    check = invariants.all_answer(STATES[:2], [state.host for state in STATES])
    assert (check.ok, check.detail) == (False, "no answer from mysql-2.mysql")


def test_members_that_differ_are_named_with_how_much() -> None:
    assert invariants.same_transactions(STATES).ok
    check = invariants.same_transactions([*STATES[:2], replace(STATES[2], executed=f"{A}:1-7")])
    assert not check.ok
    assert check.detail == "mysql-2.mysql lacks 4", "two of each of the others"


def test_an_errant_transaction_is_what_the_others_lack() -> None:
    errant = replace(STATES[2], executed=f"{A}:1-9,uuid-2:1")
    assert "mysql-0.mysql lacks 1" in invariants.same_transactions([*STATES[:2], errant]).detail


def test_without_gtids_the_rows_alone_tell() -> None:
    assert invariants.same_transactions([replace(state, executed="-") for state in STATES]).ok


def test_a_server_id_or_uuid_twice_is_noticed() -> None:
    assert invariants.distinct_servers(STATES).ok
    assert not invariants.distinct_servers([*STATES[:2], replace(STATES[2], server=101)]).ok
    assert not invariants.distinct_servers([*STATES[:2], replace(STATES[2], uuid="uuid-1")]).ok


def test_a_look_at_a_writable_replica_counts_like_its_own_word() -> None:
    look = Seen(1.0, "mysql-1.mysql", 101, True, 7)
    assert not invariants.one_writable([*STATES, look], PRIMARY).ok
    assert invariants.one_writable([*STATES, replace(look, writable=False)], PRIMARY).ok


def test_the_primary_alone_must_be_writable() -> None:
    assert invariants.no_other_writable(STATES, PRIMARY).ok
    assert not invariants.no_other_writable([replace(STATES[0], writable=False), *STATES[1:]], PRIMARY).ok
    check = invariants.no_other_writable([*STATES[:2], replace(STATES[2], writable=True)], PRIMARY)
    assert (check.ok, check.detail) == (False, "writable: mysql-0.mysql, mysql-2.mysql")


def test_a_member_with_anothers_server_id_is_named() -> None:
    expected = {f"mysql-{n}.mysql": 100 + n for n in range(3)}
    assert invariants.server_ids(STATES, expected).ok
    check = invariants.server_ids([*STATES[:2], replace(STATES[2], server=103)], expected)
    assert (check.ok, check.detail) == (False, "mysql-2.mysql had server id 103")


def test_a_member_has_what_the_primary_had_and_nothing_of_its_own() -> None:
    assert invariants.has_all_of(STATES[1], f"{A}:1-9").ok
    assert invariants.has_all_of(STATES[1], f"{A}:1-11").detail == "mysql-1.mysql lacks 2 of the primary's"
    assert invariants.none_of_their_own(STATES, f"{A}:1-20").ok
    check = invariants.none_of_their_own([replace(STATES[2], executed=f"{A}:1-9,uuid-2:1-3")], f"{A}:1-20")
    assert (check.ok, check.detail) == (False, "mysql-2.mysql has 3 of its own")
