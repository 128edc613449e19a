"""Several columns on the page: made, ordered, swept, chosen, and led by one answer, through the views."""

import json
import re
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from conversations import selectors
from conversations.models import Column, Exchange, Message
from conversations.services import (
    ColumnMissing,
    Ending,
    Turn,
    column_add,
    conversation_create,
    recordings_write,
    run_open,
)
from playground.views.columns import columns_posted, part_views
from playground.views.messages import opened_views
from team.models import Provider, User
from team.selectors import endpoint_for
from tests.desk import Desk, desk_make, response


@pytest.fixture
def desk(alice: User) -> Desk:
    made = desk_make(alice, api="openai-chat")
    column = selectors.column_of(conversation=made.conversation)
    column.settings = settings_of(made.provider, "model-a", temperature="0.2")
    column.save()
    return made


def settings_of(provider: Provider, model: str, **parameters: str) -> dict[str, object]:
    return {"provider": str(provider.pk), "model": model, "system": "", "parameters": parameters}


def columns(desk: Desk) -> list[Column]:
    return selectors.column_list(conversation=desk.conversation)


def page(desk: Desk, client: Client, query: str = "") -> str:
    answer = client.get(reverse("conversation", args=[desk.conversation.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(desk: Desk, client: Client, name: str, *more: int, **fields: object) -> HttpResponse:
    return client.post(reverse(name, args=[desk.conversation.pk, *more]), fields)  # type: ignore[return-value]  # a test's


def run(desk: Desk, *asked: Column, text: str = "Hello", **parameters: str) -> list[Message]:
    """Run these columns; return their answers, ended."""
    turns = [
        Turn(
            text=text,
            provider=desk.provider,
            endpoint=endpoint_for(user=desk.person, provider=desk.provider),
            model=column.settings["model"],
            system="",
            parameters=parameters,
            column=column.pk,
        )
        for column in asked
    ]
    opened = run_open(
        person=desk.person, conversation_id=desk.conversation.pk, run_id=uuid4(), process="p", turns=turns
    )
    for exchange in opened.exchanges:
        ending = Ending(exchange.id, Exchange.State.COMPLETED, response("Said"), None)
        recordings_write(progress=(), endings=(ending,))
    return [selectors.choices_of(exchange=Exchange.objects.get(pk=each.id))[0] for each in opened.exchanges]


def articles(html: str) -> list[str]:
    return re.findall(r'<article class="msg"\s+id="message-([^"]+)"', html)


def test_one_column_shows_no_trace_of_columns(desk: Desk, alice_client: Client) -> None:
    html = page(desk, alice_client)
    assert "data-compare" not in html
    assert 'name="column"' not in html.partition('id="run-form"')[2]
    assert ">Send<" in html


def test_compare_makes_a_second_column_that_is_a_copy_and_chooses_it(
    desk: Desk, alice_client: Client
) -> None:
    answer = post(desk, alice_client, "column-add")
    first, second = columns(desk)
    assert second.settings == first.settings
    assert answer.headers["Location"].endswith(f"?column={second.pk}")
    html = page(desk, alice_client, f"?column={second.pk}")
    assert "Run all" in html
    assert f'name="column" value="{second.pk}"' in html
    assert html.count("data-transcript") == 2


def test_the_ninth_column_is_refused_in_words(desk: Desk, alice_client: Client) -> None:
    for _ in range(7):
        column_add(conversation=desk.conversation)
    answer = alice_client.post(reverse("column-add", args=[desk.conversation.pk]), follow=True)
    assert len(columns(desk)) == 8
    assert "There can be at most 8 columns." in answer.content.decode()
    assert "Add column" not in answer.content.decode()


def test_columns_are_copied_beside_their_model_moved_and_removed(desk: Desk, alice_client: Client) -> None:
    (first,) = columns(desk)
    second = column_add(conversation=desk.conversation)
    post(desk, alice_client, "column-add", column=first.pk)
    third = next(each for each in columns(desk) if each.pk not in (first.pk, second.pk))
    assert [each.pk for each in columns(desk)] == [first.pk, third.pk, second.pk]
    post(desk, alice_client, "column-move", second.pk, by="-1")
    assert [each.pk for each in columns(desk)] == [first.pk, second.pk, third.pk]
    post(desk, alice_client, "column-move", first.pk, by="-1")
    assert post(desk, alice_client, "column-move", first.pk, by="2").status_code == 422
    post(desk, alice_client, "column-remove", first.pk)
    assert [(each.pk, each.position) for each in columns(desk)] == [(second.pk, 0), (third.pk, 1)]
    post(desk, alice_client, "column-remove", second.pk)
    answer = alice_client.post(reverse("column-remove", args=[desk.conversation.pk, third.pk]), follow=True)
    assert "A conversation keeps one column." in answer.content.decode()
    assert len(columns(desk)) == 1


def test_a_removed_column_leaves_what_was_said_in_the_tree(desk: Desk, alice_client: Client) -> None:
    second = column_add(conversation=desk.conversation)
    answers = run(desk, *columns(desk))
    post(desk, alice_client, "column-remove", second.pk)
    assert Message.objects.filter(pk=answers[1].pk).exists()
    assert "Alternative 1 of 2" in page(desk, alice_client)


# Runs


def test_columns_that_share_a_message_share_the_question_and_later_each_goes_its_own_way(desk: Desk) -> None:
    for _ in range(2):
        column_add(conversation=desk.conversation)
    first = run(desk, *columns(desk), text="One")
    assert len({answer.parent_id for answer in first}) == 1
    assert [column.leaf_id for column in columns(desk)] == [answer.pk for answer in first]
    second = run(desk, *columns(desk), text="Two")
    assert len({answer.parent_id for answer in second}) == 3
    assert [answer.parent.parent_id for answer in second if answer.parent] == [each.pk for each in first]
    shown = selectors.columns_of(conversation=desk.conversation)
    assert [[message.text for message in branch.messages] for branch in shown] == [
        ["One", "Said", "Two", "Said"]
    ] * 3


def test_each_column_sends_its_own_settings_and_the_edited_one_what_the_form_holds(
    desk: Desk, alice: User
) -> None:
    first = columns(desk)[0]
    second = column_add(conversation=desk.conversation)
    second.settings = settings_of(desk.provider, "model-b", temperature="0.9", **{"": "{oops"})
    second.save()
    data = {"column": str(first.pk), "columns": "all", "message": "Hi", "model": "typed", "parameters": "{}"}
    posted = columns_posted(user=alice, conversation_id=desk.conversation.pk, data=data)
    assert [each.letter for each in posted] == ["A", "B"]
    assert posted[0].data["model"] == "typed"
    assert (posted[1].data["model"], posted[1].data["message"]) == ("model-b", "Hi")
    assert json.loads(posted[1].data["parameters"]) == {"temperature": "0.9", "": "{oops"}
    alone = columns_posted(
        user=alice, conversation_id=desk.conversation.pk, data=data | {"columns": str(second.pk)}
    )
    assert [each.column for each in alone] == [second.pk]
    with pytest.raises(ColumnMissing):
        columns_posted(user=alice, conversation_id=desk.conversation.pk, data=data | {"columns": "999999"})


def test_a_run_shows_each_column_its_part_and_the_page_the_same(desk: Desk, alice_client: Client) -> None:
    column_add(conversation=desk.conversation)
    answers = run(desk, *columns(desk), text="One")
    ran = answers[0].exchange
    assert ran is not None
    parts = part_views(ran.run)
    assert [[message.id for message in part.messages] for part in parts] == [
        [answers[0].parent_id, answers[0].pk],
        [answers[0].parent_id, answers[1].pk],
    ]
    html = page(desk, alice_client)
    first, second = columns(desk)
    assert articles(html) == [
        f"{message.id}-{column.pk}"
        for column, part in zip((first, second), parts, strict=True)
        for message in part.messages
    ]


def test_a_message_sent_to_all_continues_in_each_with_the_branch_it_shows(desk: Desk) -> None:
    column_add(conversation=desk.conversation)
    run(desk, *columns(desk), text="One")
    a, b = columns(desk)
    run(desk, b, text="Only B")
    answer_a, answer_b = run(desk, a, b, text="Both")
    bodies = [json.loads(each.exchange.body) for each in (answer_a, answer_b) if each.exchange]
    assert [[m["content"] for m in body["messages"]] for body in bodies] == [
        ["One", "Said", "Both"],
        ["One", "Said", "Only B", "Said", "Both"],
    ]


# One answer leads


def test_one_answer_leads_all_columns_and_they_part_again(desk: Desk, alice_client: Client) -> None:
    column_add(conversation=desk.conversation)
    first, second = run(desk, *columns(desk), text="One")
    html = post(desk, alice_client, "columns-lead", message=str(second.pk)).content.decode()
    assert html.count("data-column-part") == 2
    assert {column.leaf_id for column in columns(desk)} == {second.pk}
    assert "Alternative 2 of 2" in html
    post(desk, alice_client, "columns-lead", apart="1")
    assert [column.leaf_id for column in columns(desk)] == [first.pk, second.pk]
    post(desk, alice_client, "columns-lead", message=str(second.pk))
    together = run(desk, *columns(desk), text="Two")
    assert {answer.parent.parent_id for answer in together if answer.parent} == {second.pk}


@pytest.mark.parametrize("message", ["nonsense", "01a20212-a275-7592-b548-96114b4b5667"])
def test_nothing_but_a_message_of_this_conversation_leads(
    desk: Desk, alice_client: Client, message: str
) -> None:
    assert post(desk, alice_client, "columns-lead", message=message).status_code == 404


# Settings of one column


def test_settings_parameters_and_preview_are_those_of_the_column_that_is_named(
    desk: Desk, alice_client: Client
) -> None:
    first = columns(desk)[0]
    second = column_add(conversation=desk.conversation)
    run(desk, second, text="Only in B")
    fields = {"provider": str(desk.provider.pk), "system": "", "parameters": json.dumps({"seed": "7"})}
    heads = post(desk, alice_client, "column-settings", column=second.pk, model="other", **fields)
    assert 'set--differs">seed <b>7</b>' in heads.content.decode()
    assert [column.settings["model"] for column in columns(desk)] == ["model-a", "other"]
    preview = post(desk, alice_client, "request-preview", column=second.pk, model="other", **fields)
    assert "Only in B" in preview.content.decode()
    preview = post(desk, alice_client, "request-preview", column=first.pk, model="other", **fields)
    assert "Only in B" not in preview.content.decode()
    chosen = alice_client.get(reverse("column-choose", args=[desk.conversation.pk, second.pk]))
    assert 'data-model="other"' in chosen.content.decode()
    assert "column B · other" in chosen.content.decode()


@pytest.mark.parametrize("named", ["0", "x", "-1", "9" * 30, "²"])
def test_a_column_that_is_not_there_is_not_found(desk: Desk, alice_client: Client, named: str) -> None:
    assert post(desk, alice_client, "column-settings", column=named).status_code == 404
    assert post(desk, alice_client, "request-preview", column=named).status_code == 404
    assert page(desk, alice_client, f"?column={named}")


def test_a_column_of_another_conversation_is_not_found(desk: Desk, alice: User, alice_client: Client) -> None:
    other = conversation_create(owner=alice, settings={})
    theirs = selectors.column_of(conversation=other).pk
    for name in ("column-settings", "request-preview", "parameters", "column-add"):
        assert post(desk, alice_client, name, column=theirs).status_code == 404
    for name in ("column-remove", "column-move"):
        assert post(desk, alice_client, name, theirs, by="1").status_code == 404


# Sweep


def sweep(desk: Desk, client: Client, **fields: str) -> HttpResponse:
    return post(desk, client, "columns-sweep", **fields)


def test_a_sweep_makes_a_column_for_each_model_on_one_branch(desk: Desk, alice_client: Client) -> None:
    column_add(conversation=desk.conversation)
    answers = run(desk, *columns(desk))
    sweep(desk, alice_client, over="models", values="a\n b \n\na\nc", column=str(columns(desk)[1].pk))
    assert [column.settings["model"] for column in columns(desk)] == ["a", "b", "c"]
    assert {column.leaf_id for column in columns(desk)} == {answers[1].pk}


@pytest.mark.parametrize(
    ("parameter", "typed", "kept"),
    [
        ("temperature", "0.10\n2.5", ["0.10", "2.5"]),
        ("reasoning_effort", 'low\n"high"\nnull', ['"low"', '"high"', "null"]),
        ("seed", "12345678901234567890", ["12345678901234567890"]),
        ("my_own", '{"a": 1}', ['{"a": 1}']),
    ],
)
def test_values_of_a_parameter_are_kept_as_the_form_would_have_them(
    desk: Desk, alice_client: Client, parameter: str, typed: str, kept: list[str]
) -> None:
    sweep(desk, alice_client, over="parameter", parameter=parameter, values=typed)
    assert [column.settings["parameters"][parameter] for column in columns(desk)] == kept


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"over": "parameter", "parameter": "temperature", "values": "0.1\nx"}, "x: A number is needed here"),
        ({"over": "parameter", "parameter": "seed", "values": "1\n2.5x"}, "2.5x: "),
        ({"over": "parameter", "parameter": "", "values": "1"}, "Choose a parameter."),
        ({"over": "models", "values": "  \n "}, "Write one value on each line."),
        ({"over": "models", "values": ""}, "Write one value on each line."),
        ({"over": "models", "values": "\n".join(map(str, range(9)))}, "These are 9 values"),
        ({"over": "models", "values": "m" * 301}, "too long for a model"),
        ({"over": "all", "values": "1"}, "Select a valid choice"),
    ],
)
def test_a_sweep_that_makes_no_sense_changes_nothing_and_says_why(
    desk: Desk, alice_client: Client, fields: dict[str, str], sentence: str
) -> None:
    before = [column.settings for column in columns(desk)]
    answer = sweep(desk, alice_client, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert [column.settings for column in columns(desk)] == before


# Choices


def test_the_choices_of_one_answer_stand_in_a_row_before_and_after_a_reload(
    desk: Desk, alice_client: Client
) -> None:
    (first,) = run(desk, *columns(desk), n="3")
    choices = selectors.choices_of(exchange=Exchange.objects.get(messages=first))
    opened = opened_views([first, *choices[1:]])
    assert [[choice.id for choice in message.choices] for message in opened] == [
        [choice.pk for choice in choices]
    ]
    html = page(desk, alice_client)
    assert html.count("data-choices=") == 1
    assert articles(html)[1:] == [str(choice.pk) for choice in choices]
    assert re.findall(r'data-picked="(\w+)"', html) == ["true", "false", "false"]
    alice_client.post(reverse("branch-show", args=[desk.conversation.pk, choices[1].pk]))
    html = page(desk, alice_client)
    assert re.findall(r'data-picked="(\w+)"', html) == ["false", "true", "false"]
    assert "Alternative 2 of 3" in html
    run(desk, *columns(desk), text="Go on")
    assert re.findall(r'data-picked="(\w+)"', page(desk, alice_client)) == ["false", "true", "false"]


def test_a_choice_is_picked_in_one_column_only(desk: Desk, alice_client: Client) -> None:
    column_add(conversation=desk.conversation)
    a, b = columns(desk)
    (first,) = run(desk, a, n="2")
    second = selectors.choices_of(exchange=Exchange.objects.get(messages=first))[1]
    answer = alice_client.post(
        reverse("branch-show", args=[desk.conversation.pk, second.pk]), {"column": b.pk}
    )
    assert f'id="message-{second.pk}-{b.pk}"' in answer.content.decode()
    assert [column.leaf_id for column in columns(desk)] == [first.pk, second.pk]
