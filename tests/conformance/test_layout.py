"""The house has the rooms that the architecture describes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
FEATURES = sorted(path.parent for path in APP.glob("features/*/__init__.py"))

NINE_FILES = {
    "permissions",
    "schemas",
    "models",
    "repository",
    "service",
    "api",
    "state",
    "pages",
    "module",
}

# A file beside the nine, with the reason for which it is there.
MORE_FILES = {
    "audit/activity": "operations that count the trail, for the charts above its list",
    "audit/activity_repository": "their queries",
    "audit/activity_state": "the trail of one record, for the states of all records",
    "audit/details": "one entry with all that is known of it, in words",
    "audit/differences": "two values piece by piece: no database",
    "audit/dialog_pages": "what opens beside the list, apart from the list",
    "audit/phrases": "how the platform's own actions are told: a table",
    "audit/noun_words": "what descriptions of resources tell of entries, in words",
    "resources/filtering": "filters as a form and in words: no database",
    "resources/import_pages": "the drawn page on which files are imported",
    "resources/import_state": "its state",
    "resources/list_pages": "the drawn list",
    "resources/list_state": "its state",
    "resources/new_state": "state of the drawn form for a new record",
    "resources/noun_state": "what the states of drawn pages share",
    "resources/record_pages": "the drawn pages of one record, and of a new one",
    "resources/record_state": "state of those of one record",
    "resources/related_state": "state of what refers to the record, on its page",
    "resources/description": "what the browser is told of a resource: no database",
    "audit/narrowing": "how the list's address writes filters, and what people read",
    "audit/check_pages": "the dialog that verifies, apart from the list",
    "audit/check_state": "state of the dialog that verifies, apart from the list",
    "audit/anchor": "checkpoints in a file outside the database",
    "audit/checking": "whether a range is as it was sealed: rules without a database",
    "audit/filters": "which entries a filter means, and the indexes that find them",
    "audit/notes": "signed notes, which verification believes: rules without a database",
    "audit/packing": "exports and their check: no database",
    "audit/reading": "rows into which somebody wrote what is none of ours",
    "audit/requests": "the operation by which the HTTP edge tells of requests",
    "audit/retention": "how long entries are kept: rules without a database",
    "audit/seal_repository": "queries of what proves the trail, apart from those of its list",
    "audit/seal_service": "operations on what proves the trail, apart from reading it",
    "audit/sight": "what of an entry a grant hides: rules without a database",
    "audit/subjects": "queries of what the search of the trail knows",
    "audit/verifying": "how the trail is verified part by part, apart from the operations",
    "audit/witness_repository": "queries of what bears witness to the trail: notes, anchor, use",
    "access/rows": "lines of the tables of six pages, apart from what the pages do",
    "access/roles_file": "roles as a file: rules without a database",
    "audit/rules": "whether an entry can be taken back, and what changed since: no database",
    "audit/words": "what entries say in sentences, for every screen that shows them",
    "auth/authenticator": "turns cookies and tokens into actors for every edge",
    "auth/reset_service": "the operation by which somebody with a link chooses a password",
    "auth/guesses": "charges guesses, for every operation that checks a password",
    "auth/session_service": "operations of sessions, apart from signing in",
    "auth/session_start": "begins sessions, for every operation that ends in one",
    "auth/throttle": "how long sign-in is refused: rules without a database",
    "roles/people": "the people whom roles and reports name: queries within what the actor may see",
    "roles/reach": "that nobody reaches further by a change of memberships: before and after",
    "roles/reading": "stored roles and grants as they are told, for single ones and for lists",
    "roles/service_base": "what operations on roles share: how a change is checked and stored",
    "roles/resolver": "remembers what everybody holds, for every edge",
    "roles/rules": "what grants may say: rules without a database",
    "roles/undoing": "how changes of roles are taken back: the facts, or what is in the way",
    "roles/words": "a role and what a change of it means, in sentences and single facts",
    "users/bulk_service": "previews of bulk actions, apart from operations on one user",
    "users/filters": "which users a filter means",
    "users/list_pages": "the list, apart from the record",
    "users/list_state": "its state",
    "users/credential_service": "operations on what somebody signs in with, apart from details",
    "users/undoing": "how changes of users are taken back",
    "users/service_base": "what operations on one user share: whom they reach, what they show",
    "auth/tokens": "signs and reads access tokens: rules without a database",
}

# Who commits, with the reason. Nobody below an edge does.
COMMITTERS = {
    "core/migrations.py": "a migration is a transaction of its own",
    "core/unit_of_work.py": "the unit of work itself",
    "commands.py": "the edge of the command line",
    "features/audit/module.py": "a job that counts again what could not be written",
    "http/download.py": "the edge of files that are sent while they are written",
    "http/bulk.py": "the edge of REST, for items that are done one by one",
    "http/idempotency.py": "the edge of REST, for requests that are answered once",
    "http/routing.py": "the edge of REST",
    "http/writes.py": "the same, for requests that no operation recorded",
    "scheduling.py": "the edge of scheduled jobs",
    "seed.py": "the edge of the first start",
    "testing/factories.py": "the edge of tests",
    "testing/platform.py": "the edge of tests",
    "ui/runtime.py": "the edge of console events",
}

# Files without a test of their own name, with the place where they are tested.
TESTED_ELSEWHERE = {
    "admission/json_body.py": "tests/app/http/test_bad_input.py",
    "admission/limits.py": "tests/app/admission/test_gate.py",
    "admission/quotas.py": "tests/app/admission/test_gate.py",
    "admission/refusal.py": "tests/app/admission/test_gate.py",
    "app.py": "tests/fixtures/server.py starts it",
    "commands.py": "tests/app/test_cli.py",
    "bootstrap.py": "app/testing/platform.py composes every test's platform with it",
    "server.py": "tests/fixtures/server.py starts it",
    "seed.py": "tests/test_durability.py and the console's tests start with it",
    "core/record_read.py": "tests/conformance/test_hidden_fields.py",
    "core/resources/fields/base.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/fields/choices.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/fields/links.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/fields/numbers.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/fields/structured.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/fields/texts.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/fields/times.py": "tests/app/core/resources/test_nouns.py",
    "features/resources/import_pages.py": "tests/e2e/test_imports.py",
    "features/users/bulk_service.py": "tests/app/features/users/test_bulk.py",
    "features/users/list_pages.py": "tests/e2e/test_users.py",
    "features/users/list_state.py": "tests/app/features/users/test_state.py",
    "http/query.py": "tests/app/http/test_bad_input.py",
    "features/resources/list_pages.py": "tests/e2e/test_resources.py",
    "features/resources/record_pages.py": "tests/e2e/test_resources.py",
    "features/resources/noun_state.py": "tests/app/features/resources/test_list_state.py",
    "core/resources/finding.py": "tests/e2e/test_resources.py",
    "cli_errors.py": "tests/app/test_cli.py",
    "entry_points.py": "tests/app/test_generate.py",
    "core/role_graph.py": "tests/app/core/test_access.py",
    "features/audit/phrases.py": "tests/app/features/audit/test_words.py",
    "core/resources/changes.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/batches.py": "tests/app/core/resources/test_import_run.py",
    "core/resources/import_lines.py": "tests/app/core/resources/test_import_run.py",
    "core/resources/import_schemas.py": "tests/app/core/resources/test_import_run.py",
    "core/resources/import_undo.py": "tests/app/core/resources/test_import_run.py",
    "core/resources/importing.py": "tests/app/core/resources/test_import_run.py",
    "http/sent_files.py": "tests/app/core/resources/test_import_run.py",
    "http/imports.py": "tests/app/core/resources/test_import_run.py",
    "testing/imports.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/dependents.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/forms.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/planning.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/usual.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/undoing.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/operations.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/records.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/selection.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/shape.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/table.py": "tests/app/core/resources/test_nouns.py",
    "core/resources/types.py": "tests/app/core/resources/test_nouns.py",
    "core/rows.py": "tests/conformance/test_rows_and_fields.py",
    "core/bulk.py": "tests/app/features/users/test_bulk.py",
    "features/auth/guesses.py": "tests/conformance/test_guesses.py",
    "features/audit/rules.py": "tests/conformance/test_undo_facts.py",
    "features/roles/undoing.py": "tests/conformance/test_undo_facts.py",
    "features/users/undoing.py": "tests/conformance/test_undo_facts.py",
    "features/auth/session_start.py": "tests/app/features/auth/test_service.py",
    "features/roles/resolver.py": "tests/app/features/auth/test_authenticator.py",
    "features/roles/people.py": "tests/conformance/test_people.py",
    "features/roles/reach.py": "tests/conformance/test_reach.py",
    "features/roles/service_base.py": "tests/app/features/roles/test_service.py",
    "features/roles/reading.py": "tests/app/features/roles/test_service.py",
    "features/roles/rules.py": "tests/app/features/roles/test_service.py",
    "core/actor.py": "tests/app/core/test_permissions.py",
    "ui/callers.py": "tests/conformance/test_sockets.py",
    "core/clock.py": "tests/conformance/test_reach.py",
    "core/errors.py": "tests/app/http/test_bad_input.py",
    "core/migrations.py": "tests/migrations",
    "core/models.py": "tests/app/core/test_paging.py and tests/migrations",
    "core/module.py": "declarations only",
    "core/ports.py": "declarations only",
    "core/repository.py": "the features' repositories",
    "core/schemas.py": "tests/conformance/test_api_examples.py",
    "core/version.py": "tests/test_packaging.py",
    "core/emails.py": "tests/app/features/users/test_schemas.py",
    "features/access/rows.py": "tests/e2e/test_explain.py",
    "features/audit/activity_repository.py": "tests/app/features/audit/test_activity.py",
    "features/audit/check_pages.py": "tests/app/features/audit/test_pages.py",
    "features/audit/dialog_pages.py": "tests/app/features/audit/test_pages.py",
    "features/audit/anchor.py": "tests/app/features/audit/seals/test_seals.py",
    "features/audit/checking.py": "tests/app/features/audit/seals/test_tampering.py",
    "core/schema_objects.py": "tests/app/features/audit/seals/test_absence.py",
    "features/audit/notes.py": "tests/app/features/audit/seals/test_clock.py",
    "features/audit/seal_service.py": "tests/app/features/audit/seals/test_seals.py",
    "features/audit/verifying.py": "tests/app/features/audit/seals/test_absence.py",
    "features/audit/witness_repository.py": "tests/app/features/audit/seals/test_absence.py",
    "features/audit/reading.py": "tests/app/features/audit/seals/test_tampering.py",
    "features/audit/requests.py": "tests/app/http/test_writes.py",
    "features/audit/sight.py": "tests/conformance/test_hidden_fields.py",
    "features/users/service_base.py": "tests/app/features/users/test_service.py",
    "features/audit/subjects.py": "tests/app/features/audit/test_filters.py",
    "http/api.py": "tests/app/http/test_openapi.py",
    "http/bulk.py": "tests/app/core/resources/test_nouns.py",
    "http/coverage.py": "tests/conformance/test_routes.py",
    "http/cookies.py": "tests/conformance/test_session_attacks.py",
    "http/csv.py": "tests/app/features/users/test_export.py",
    "http/download.py": "tests/app/features/users/test_export.py",
    "http/docs.py": "tests/app/http/test_openapi.py",
    "http/origin.py": "tests/conformance/test_console_attacks.py",
    "http/resources.py": "tests/app/core/resources/test_nouns.py",
    "http/problems.py": "tests/app/http/test_bad_input.py",
    "http/routing.py": "tests/conformance/test_routes.py",
}

# Rooms that are tested as a whole.
TESTED_AS_A_WHOLE = {
    "testing": "by every test that uses it",
    "ui": "tests/conformance/test_console_*.py, with real servers",
}

# Files of a feature that have no test of their own name.
TESTED_WITH_OTHERS = {
    "__init__": "a docstring",
    "models": "tests/migrations compares them with the database",
    "module": "tests/conformance/test_operations.py",
    "pages": "tests/conformance/test_console_pages.py opens every page",
    "permissions": "tests/conformance/test_operations.py",
    "repository": "the service's tests: nobody else calls it",
    "seal_repository": "likewise",
    "schemas": "the service's and the REST interface's tests",
    "state": "tests/conformance/test_console_handlers.py calls every handler",
}

LONGEST = 600


def python_files(*folders: str) -> Iterator[Path]:
    """Our Python files below these folders."""
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def calls_of(path: Path, name: str) -> list[int]:
    """The lines on which a method of this name is called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


class TestFeatures:
    """Who knows one feature knows them all."""

    @pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
    def test_has_the_nine_files_only(self, feature: Path) -> None:
        """A feature leaves files out; it does not invent others without a reason."""
        names = {path.stem for path in feature.iterdir() if not path.name.startswith("__")}
        allowed = {name.partition("/")[2] for name in MORE_FILES if name.startswith(feature.name)}

        assert names - NINE_FILES - allowed == set()
        assert "module" in names

    def test_exceptions_exist(self) -> None:
        """An exception that is no longer needed goes."""
        assert [name for name in MORE_FILES if not (APP / f"features/{name}.py").exists()] == []


class TestSize:
    """No file outgrows its room."""

    @pytest.mark.parametrize("folder", ["app", "components", "migrations", "scripts"])
    def test_is_limited(self, folder: str) -> None:
        """Split by noun before 600 lines."""
        long = {
            str(path.relative_to(ROOT)): lines
            for path in python_files(folder)
            if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
        }

        assert long == {}


class TestCommits:
    """One commit, at the edge."""

    def test_nobody_below_commits(self) -> None:
        """Only the edges commit, each for a reason."""
        found = {
            str(path.relative_to(APP)) for path in python_files("app") if calls_of(path, "commit")
        }

        assert found == set(COMMITTERS)

    def test_features_open_no_transactions(self) -> None:
        """A service or repository uses the unit of work, not the engine."""
        offenders = [
            str(path.relative_to(APP))
            for path in python_files("app/features")
            if calls_of(path, "begin") and path.stem in NINE_FILES
        ]

        assert offenders == []


def has_test(path: Path) -> bool:
    """Whether there is a test file of the source's name, in the mirrored place."""
    folder = ROOT / "tests" / path.relative_to(ROOT).parent
    return any(folder.glob(f"test_{path.stem}*.py"))


class TestTests:
    """Every file is tested, and the tests are where one looks for them."""

    def test_every_file_has_tests(self) -> None:
        """Each source file has a test file, or it is said where else it is tested."""
        missing = {
            str(path.relative_to(APP))
            for path in python_files("app")
            if path.stem not in TESTED_WITH_OTHERS
            and path.parent.name not in TESTED_AS_A_WHOLE
            and not has_test(path)
        }

        assert missing - set(TESTED_ELSEWHERE) == set()

    @pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
    def test_every_feature_has_tests(self, feature: Path) -> None:
        """No feature is without a test of its own."""
        assert any((ROOT / "tests" / feature.relative_to(ROOT)).glob("test_*.py"))

    def test_exceptions_are_needed(self) -> None:
        """An exception for a file that is gone, or has tests by now, goes."""
        assert [name for name in TESTED_ELSEWHERE if not (APP / name).exists()] == []
        assert [name for name in TESTED_ELSEWHERE if has_test(APP / name)] == []
