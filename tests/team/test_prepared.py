"""Prepared queries: what the queryset gives, whoever asks, in whichever thread."""

from __future__ import annotations

import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db.models import Q
from pytest_django import DjangoAssertNumQueries

from team.models import Provider, User
from team.prepared import Given, Prepared
from team.selectors import provider_list, providers_for
from tests.cast import provider_make

PREPARED = Prepared(
    lambda: Provider.objects.filter(Q(pk=Given("pk")) | Q(name=Given("name")), created__gt=Given("since"))
)
LONG_AGO = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def test_rows_are_those_of_the_queryset_in_its_order(alice: User, bob: User) -> None:
    for name, owner in (("Zeta", alice), ("alpha", None), ("Beta", alice), ("Gamma", bob)):
        provider_make(owner, actor=alice, name=name)
    for person in (alice, bob, alice):
        found = provider_list(user=person)
        assert [each.__dict__.keys() for each in found] == [
            each.__dict__.keys() for each in providers_for(user=person)
        ]
        assert [(each.pk, each.name, each.model_names, each.created) for each in found] == [
            (each.pk, each.name, each.model_names, each.created) for each in providers_for(user=person)
        ]


def test_each_call_has_its_own_values(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    one, two = provider_make(None, name="One"), provider_make(None, name="Two")
    with django_assert_num_queries(4):
        assert PREPARED.row(pk=one.pk, name="", since=LONG_AGO) == one
        assert PREPARED.row(pk=uuid.uuid4(), name="Two", since=LONG_AGO) == two
        assert PREPARED.row(pk=one.pk, name="", since=one.created + datetime.timedelta(days=1)) is None
        assert set(PREPARED.rows(pk=one.pk, name="Two", since=LONG_AGO)) == {one, two}


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_share_what_they_prepared() -> None:
    made = provider_make(None, name="One")

    def read() -> Provider | None:
        from django.db import connection

        try:
            return PREPARED.row(pk=made.pk, name="", since=LONG_AGO)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        found = [pool.submit(read).result(30) for pool in (first, second, first)]
    assert found == [made] * 3


def test_columns_left_out_are_read_when_asked_for(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = provider_make(None, name="One")
    some = Prepared(lambda: Provider.objects.filter(pk=Given("pk")).only("name"))
    with django_assert_num_queries(1):
        found = some.row(pk=made.pk)
        assert found is not None
        assert found.name == "One"
    with django_assert_num_queries(1):
        assert found.base_url == made.base_url
