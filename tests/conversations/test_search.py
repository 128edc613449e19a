"""What is found, in every script and however it is asked for; and that nobody finds what is not theirs to see."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conversations import search_schema, selectors, services
from conversations.folding import canonical, fold, found
from conversations.models import Conversation, Exchange, Message, SearchText
from conversations.selectors import SearchFilter
from conversations.selectors import search as search_module
from team.models import User
from tests.cast import client_of
from tests.desk import Desk

pytestmark = pytest.mark.django_db


def say(conversation: Conversation, text: str, **fields: Any) -> Message:
    content = [{"type": "text", "text": text}]
    return Message.objects.create(conversation=conversation, **{"role": "user", "content": content} | fields)


def texts(user: User, words: str = "", **fields: Any) -> list[str]:
    page = selectors.search_messages(user=user, wanted=SearchFilter(words=words, **fields))
    return [hit.message.text for hit in page.hits]


def marked(user: User, words: str) -> list[str]:
    page = selectors.search_messages(user=user, wanted=SearchFilter(words=words))
    return [piece for hit in page.hits for piece, is_hit in hit.pieces if is_hit]


TEXTS = [
    "The Quick brown fox",
    "未雨绸缪，水落石出。",
    "日本語のテキスト、ガギグゲゴ",
    "Straße und GRÜSSE",
    "Πάντα ῥεῖ, ΣΊΣΥΦΟΣ",
    "Привет, МИР",
    "한국어 검색",
    "مرحبا بالعالم",
    "e-mail: a_b%c@example.com -> done",
    'say "hello" AND NOT near(x)',
    "rocket 🚀🚀 and 👩‍👩‍👧",
    "ｆｕｌｌ ｗｉｄｔｈ",
    "de\u0301compose\u0301",
    "ab",
    "new\nline\ttab",
]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("quick", 0), ("UICK BRO", 0), ("brown  quick", 0), ("雨绸", 1), ("水", 1), ("未雨绸缪", 1),
        ("绸缪，水落", 1), ("テキ", 2), ("ガ", 2), ("strasse", 3), ("STRASSE", 3), ("grüsse", 3), ("ΣΊΣΥΦΟΣ", 4),
        ("σίσυφοσ", 4), ("привет", 5), ("ир", 5), ("검색", 6), ("검", 6), ("بالعالم", 7), ("_b%", 8), ("%c@", 8),
        ("->", 8), ('"hello"', 9), ("NOT near(", 9), ("near(x)", 9), ("🚀", 10), ("🚀🚀", 10), ("👩‍👩‍👧", 10),
        ("full", 11), ("ＦＵＬＬ", 11), ("décomposé", 12), ("b", 0), ('"new line"', None), ("line", 14),
    ],
)  # fmt: skip
def test_substrings_are_found_in_any_script(desk: Desk, words: str, expected: int | None) -> None:
    for text in TEXTS:
        say(desk.conversation, text)
    hits = texts(desk.person, words)
    assert (TEXTS[expected] in hits) if expected is not None else not hits
    assert all(fold(term) in fold(hit) for hit in hits for term in selectors.search.search_terms(words))


@pytest.mark.parametrize(
    "words",
    ["%", "_", "'", '"', '""', "'; DROP TABLE conversations_message; --", "\x00", "a\x00b", "\ud800", "\udfff\ud800",
     "a" * 100_000, "*", "^a", "{text}: a", "text:x", "a OR b", "NEAR(a b, 2)", "-a", "a*", "\\", "\\%", "(", "[a-z]",
     "\u202e", "\U0010ffff", "🚀" * 100, "\u200b", "\n", '"a', 'a"b"c', "AND", "NOT", "' OR 1=1", "$$", "%s", "%(x)s", "{}"],
)  # fmt: skip
def test_no_query_breaks_the_search_or_means_anything_else(desk: Desk, words: str) -> None:
    say(desk.conversation, "plain words")
    assert texts(desk.person, words) == []
    assert selectors.search_titles(user=desk.person, words=words) == []
    answer = client_of(desk.person).get("/search/", {"q": words.encode("utf-8", "surrogatepass")[:9000]})
    assert answer.status_code == 200


def test_hits_are_marked_where_they_stand(desk: Desk) -> None:
    say(desk.conversation, "x" * 500 + " Straße, straSSE; ＴＯＫＥＮ " + "y" * 500)
    assert marked(desk.person, "strasse") == ["Straße", "straSSE"]
    assert marked(desk.person, "token") == ["ＴＯＫＥＮ"]
    page = selectors.search_messages(user=desk.person, wanted=SearchFilter(words="strasse"))
    whole = "".join(piece for piece, _ in page.hits[0].pieces)
    assert whole.startswith("… ")
    assert whole.endswith(" …")
    assert len(whole) < 400


@pytest.mark.parametrize("text", [*TEXTS, "ŉ ŉ", "ﬃ office", "İstanbul", "\u1e9e"])
def test_each_place_of_a_hit_leads_back_to_the_text(text: str) -> None:
    whole = canonical(text)
    for size in (1, 2, 3):
        for start in range(len(whole) - size + 1):
            words = fold(whole[start : start + size])
            for begin, end in found(whole, words):
                assert words in fold(whole[begin:end])


def test_markup_in_a_message_stays_text_on_the_page(desk: Desk) -> None:
    say(desk.conversation, "<script>alert(1)</script> <mark>needle</mark> & needle")
    html = client_of(desk.person).get("/search/", {"q": "needle"}).content.decode()
    assert "<mark>needle</mark>" in html
    assert "&lt;script&gt;" in html
    assert "&lt;mark&gt;<mark>needle</mark>&lt;/mark&gt;" in html


def test_what_is_written_is_found_however_it_was_written(desk: Desk) -> None:
    conversation = desk.conversation
    Message.objects.bulk_create(
        Message(conversation=conversation, role="user", content=[{"type": "text", "text": f"bulk {n}"}])
        for n in range(3)
    )
    assert len(texts(desk.person, "bulk")) == 3
    message = say(conversation, "before")
    message.content = [{"type": "text", "text": "afterwards"}]
    message.save(update_fields=["content"])
    assert texts(desk.person, "before") == []
    assert texts(desk.person, "afterwards") == ["afterwards"]
    Message.objects.filter(pk=message.pk).update(content=[{"type": "text", "text": "once more"}])
    assert texts(desk.person, "afterwards") == []
    assert texts(desk.person, "once more") == ["once more"]
    Message.objects.filter(pk=message.pk).update(deleted=timezone.now())
    assert texts(desk.person, "once more") == []
    services.conversation_delete(conversation=conversation)
    assert not SearchText.objects.exists()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM conversations_searchindex WHERE text MATCH '\"bulk\"'")
            assert cursor.fetchone() == (0,)


def test_a_run_is_found_by_its_question_its_answer_and_its_title(desk: Desk) -> None:
    opened = desk.open("Wherefore art thou")
    ending = services.Ending(
        exchange_id=opened.exchanges[0].id,
        state=Exchange.State.COMPLETED,
        response={"choices": [{"index": 0, "message": {"content": "Deny thy father"}}]},
        error=None,
    )
    services.recordings_write(progress=(), endings=(ending,))
    assert texts(desk.person, "wherefore") == ["Wherefore art thou"]
    assert texts(desk.person, "thy") == ["Deny thy father"]
    (title,) = selectors.search_titles(user=desk.person, words="ART")
    assert title.pieces == (("Wherefore ", False), ("art", True), (" thou", False))
    services.conversation_rename(conversation=desk.conversation, title="Balcony")
    assert selectors.search_titles(user=desk.person, words="art") == []
    assert len(selectors.search_titles(user=desk.person, words="balcony")) == 1


def answered(conversation: Conversation, person: User, text: str, **fields: Any) -> Message:
    run = conversation.runs.create(pk=uuid4(), person=person)
    values = {"provider_name": "Gateway", "api": "generic", "model": "model-a", "state": "completed"}
    exchange = Exchange.objects.create(run=run, method="POST", url="u", body="{}", **values | fields)
    return say(conversation, text, role="assistant", exchange=exchange, choice=0)


@pytest.fixture
def shelves(alice: User, bob: User) -> dict[str, Conversation]:
    """A private conversation of each, one that Alice shows to the team, and one of hers in the trash: the same in all."""
    kinds: dict[str, tuple[User, dict[str, Any]]] = {"alice": (alice, {}), "bob": (bob, {})}
    kinds["team"] = (alice, {"visibility": "team"})
    kinds |= {"trash": (alice, {"visibility": "team", "trashed": timezone.now()})}
    made = {}
    for name, (owner, fields) in kinds.items():
        conversation = services.conversation_create(owner=owner, settings={})
        Conversation.objects.filter(pk=conversation.pk).update(title=f"needle of {name}")
        conversation.refresh_from_db()
        services.conversations_tag(user=owner, ids=[conversation.pk], names=["x"])
        Conversation.objects.filter(pk=conversation.pk).update(**fields)
        error = {"kind": "timed_out", "message": f"no needle for {name}"}
        answered(conversation, owner, f"needle {name}", model=f"model-{name}", provider_name=f"P {name}")
        answered(conversation, owner, f"needle {name} 二字", state="failed", error=error)
        say(
            conversation, "", author=owner,
            content=[{"type": "text", "text": f"needle {name}"}, {"type": "image_url", "image_url": {"url": "u"}}],
        )  # fmt: skip
        say(conversation, f"needle {name}", role="assistant", tool_calls=[{"id": "1"}])
        made[name] = conversation
    return made


FILTERS: list[dict[str, Any]] = [
    {"words": "needle"}, {"words": "二字"}, {"words": "字"}, {"state": "failed"}, {"error": "timed_out"},
    {"has_images": True}, {"has_tools": True}, {"since": timezone.now() - timedelta(days=1)},
    {"until": timezone.now() + timedelta(days=1)}, {"words": "needle", "state": "completed"},
    {"words": "needle", "has_images": True}, {"words": "needle", "has_tools": True},
    {"words": "needle", "error": "timed_out"}, {"model": "model-a"}, {"provider": "Gateway"},
    *({"model": f"model-{name}"} for name in ("alice", "bob", "team", "trash")),
    *({"provider": f"P {name}"} for name in ("alice", "bob", "team", "trash")),
]  # fmt: skip


@pytest.mark.parametrize("fields", FILTERS, ids="-".join)
def test_no_filter_finds_what_is_not_theirs(
    fields: dict[str, Any], shelves: dict[str, Conversation], alice: User, bob: User, charlie: User
) -> None:
    everywhere = {"alice": ("alice", "team"), "bob": ("bob", "team"), "charlie": ("team",)}
    for person in (alice, bob, charlie):
        page = selectors.search_messages(user=person, wanted=SearchFilter(**fields), limit=100)
        names = {
            next(n for n in shelves if shelves[n].pk == hit.message.conversation_id) for hit in page.hits
        }
        assert names <= set(everywhere[person.username])
        if not str(fields.get("model", fields.get("provider", ""))).endswith(
            ("alice", "bob", "team", "trash")
        ):
            assert names == set(everywhere[person.username])


def test_people_and_tags_filter_within_what_may_be_seen(
    shelves: dict[str, Conversation], alice: User, bob: User, charlie: User
) -> None:
    def found_by(who: User, **fields: Any) -> set[str]:
        page = selectors.search_messages(user=who, wanted=SearchFilter(**fields), limit=100)
        return {
            name for name in shelves for hit in page.hits if shelves[name].pk == hit.message.conversation_id
        }

    assert found_by(bob, person=alice.pk) == {"team"}
    assert found_by(charlie, person=bob.pk) == set()
    assert found_by(alice, person=alice.pk) == {"alice", "team"}
    (tag,) = selectors.tags_of(user=alice)
    assert found_by(alice, tag=tag.pk) == {"alice", "team"}
    assert found_by(bob, tag=tag.pk) == set()
    assert found_by(bob, tag=tag.pk, words="needle") == set()


def test_titles_and_choices_tell_nothing_of_others(
    shelves: dict[str, Conversation], bob: User, charlie: User
) -> None:
    found_titles = selectors.search_titles(user=charlie, words="needle", limit=50)
    assert [hit.conversation.title for hit in found_titles] == ["needle of team"]
    choices = selectors.search_choices(user=charlie)
    assert choices.models == ("model-a", "model-team")
    assert choices.providers == ("Gateway", "P team")
    assert [name for _, name in choices.people] == ["alice"]
    html = client_of(charlie).get("/search/", {"q": "needle"}).content.decode()
    for name in ("needle of alice", "needle of bob", "model-alice", "P bob", ">x<"):
        assert name not in html


def test_results_come_in_pages_that_miss_and_repeat_nothing(desk: Desk, alice_client: Client) -> None:
    for number in range(45):
        say(desk.conversation, f"needle {number}")
    for fields in ({"words": "needle"}, {"words": "ne"}, {"since": timezone.now() - timedelta(days=1)}):
        seen: list[str] = []
        after = ""
        while True:
            page = selectors.search_messages(user=desk.person, wanted=SearchFilter(**fields), after=after)
            seen += [hit.message.text for hit in page.hits]
            if not (after := page.after):
                break
            say(desk.conversation, "needle, later")
        assert seen == [f"needle {number}" for number in reversed(range(45))]
        Message.objects.filter(content__icontains="later").delete()
    for after in ("x", "9" * 50, "-1", "1; --", str(uuid4())):
        for query in ({"q": "needle"}, {"state": "failed"}):
            assert alice_client.get("/search/", query | {"after": after}).status_code == 200


@pytest.mark.parametrize("count", [2, 25])
def test_a_search_takes_the_same_queries_whatever_it_finds(
    count: int, desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        say(desk.conversation, f"needle {number}", author=desk.person)
    selectors.search_messages(
        user=desk.person, wanted=SearchFilter(words="needle")
    )  # learns what the database has
    for words in ("needle", "ne"):
        bound = 1 if connection.vendor == "sqlite" and len(words) < 3 else 0
        with django_assert_num_queries(2 + bound):
            selectors.search_messages(user=desk.person, wanted=SearchFilter(words=words))


def test_only_the_newest_are_looked_through_for_short_words_on_sqlite(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        say(desk.conversation, f"ab {number}")
    monkeypatch.setattr(search_module, "SCANNED", 3)
    page = selectors.search_messages(user=desk.person, wanted=SearchFilter(words="ab"))
    assert page.bounded == (connection.vendor == "sqlite")
    assert len(page.hits) == (3 if page.bounded else 6)


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_without_trigrams_pairs_find_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in TEXTS:
        say(desk.conversation, text)
    words = ["quick", "未雨绸缪", "->", "🚀🚀", "near(x)", "b"]
    with_trigrams = [texts(desk.person, each) for each in words]
    without = search_module._Trigrams(there=False, unicode=False)
    monkeypatch.setattr(search_module, "_trigrams_reach", lambda: without)
    assert [texts(desk.person, each) for each in words] == with_trigrams


# The way to what was found


def test_a_link_leads_to_the_branch_of_its_message(desk: Desk, alice_client: Client, bob: User) -> None:
    root = say(desk.conversation, "root")
    old = say(desk.conversation, "old branch", parent=root, role="assistant")
    new = say(desk.conversation, "new branch", parent=root, role="assistant")
    desk.conversation.columns.update(leaf=new)
    href = f"/conversations/{desk.conversation.pk}/at/{old.pk}/"
    assert client_of(bob).get(href).status_code == 404
    answer = alice_client.get(href)
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?at={old.pk}#message-{old.pk}")
    html = alice_client.get(answer["Location"]).content.decode()
    assert "old branch" in html
    Conversation.objects.update(visibility="team")
    desk.conversation.columns.update(leaf=new)
    client = client_of(bob)
    html = client.get(client.get(href)["Location"]).content.decode()
    assert "old branch" in html
    assert desk.conversation.columns.get().leaf_id == new.pk  # who may only look moves nothing
    elsewhere = services.conversation_create(owner=bob, settings={})
    Conversation.objects.update(visibility="private")
    assert client.get(f"/conversations/{elsewhere.pk}/at/{old.pk}/").status_code == 404
    html = client.get(f"/conversations/{elsewhere.pk}/?at={old.pk}").content.decode()
    assert "old branch" not in html


def test_a_link_into_a_long_conversation_shows_its_message(desk: Desk, alice_client: Client) -> None:
    messages = [say(desk.conversation, "the very first")]
    for number in range(90):
        messages.append(say(desk.conversation, f"number {number}", parent=messages[-1]))
    desk.conversation.columns.update(leaf=messages[-1])
    path = f"/conversations/{desk.conversation.pk}/"
    assert "the very first" not in alice_client.get(path).content.decode()
    assert "the very first" in alice_client.get(f"{path}?at={messages[0].pk}").content.decode()
    assert alice_client.get(f"{path}?at=x").status_code == 200


# The databases' own part


def test_a_database_that_refuses_the_extension_says_so_and_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(search_schema, "_TRIGRAMS", ("CREATE EXTENSION there_is_no_such_extension",))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX conversations_searchtext_trigrams")
    with caplog.at_level("WARNING", logger="conversations.search_schema"):
        search_schema.search_schema_make(connection)
    refused = connection.vendor == "postgresql"
    assert ("CREATE EXTENSION pg_trgm" in caplog.text) == refused
    say(desk.conversation, "still found")
    assert texts(desk.person, "still") == ["still found"]


def test_the_server_says_at_its_start_that_trigrams_are_missing() -> None:
    assert not search_schema.trigrams_missing(connection)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX conversations_searchtext_trigrams")
        assert search_schema.trigrams_missing(connection)
        search_schema.search_schema_make(connection)
        assert not search_schema.trigrams_missing(connection)


def test_what_was_lost_is_read_again(desk: Desk) -> None:
    say(desk.conversation, "lost and found")
    services.conversation_rename(conversation=desk.conversation, title="A lost title")
    SearchText.objects.all().delete()
    assert texts(desk.person, "lost") == []
    assert services.search_rebuild() == 2
    assert texts(desk.person, "lost") == ["lost and found"]
    assert len(selectors.search_titles(user=desk.person, words="lost")) == 1


@pytest.mark.parametrize("text", ["a", "的", "ab", "绸缪", "🚀x", "x🚀", "🚀🚀", "->", "é"])
def test_python_and_postgres_name_pairs_alike(text: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has the codes")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conversations_grams(%s) @> %s::integer[]", [f"<{text}>", search_schema.grams(text)]
        )
        assert cursor.fetchone() == (True,)
