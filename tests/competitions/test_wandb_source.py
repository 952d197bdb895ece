"""What the table refuses of a source in wandb."""

import pytest

from competitions.table import parse
from competitions.toml_records import TableError
from evaluation.sources.spec import WandbRunsSpec

RUNS = 'kind = "wandb_runs"\nentity = "opentensor"\nproject = "data runs"'


def with_runs(table_text: str, source: str) -> str:
    """The table with wandb's runs as its only source."""
    return table_text.replace('kind = "signed_batches"', source, 1)


def test_a_table_names_a_project_and_the_rest_is_as_older_subnets_have_it(table_text: str) -> None:
    spec = parse(with_runs(table_text, RUNS)).competitions[0].sources[0].spec
    assert isinstance(spec, WandbRunsSpec)
    assert (spec.project, spec.base_url, spec.hotkey_key, spec.signature_key) == (
        "data runs",
        "https://api.wandb.ai",
        "hotkey",
        "signature",
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (RUNS.replace("opentensor", ""), "producers.project: must be a project with its entity, as wandb names them"),
        (RUNS.replace("data runs", "../x"), "producers.project: must be a project with its entity, as wandb names"),
        (f'{RUNS}\nbase_url = "http://wandb.example"', "producers.base_url: must be an https:// address (it is http:"),
        (f'{RUNS}\nhotkey_key = "signature"', "producers.signature_key: must be given, and not the hotkey's"),
        (f'{RUNS}\nhotkey_key = ""', "producers.signature_key: must be given, and not the hotkey's"),
        (f'{RUNS}\nprompt_key = "reference"', "producers.reference_key: must be given, and not the prompt's"),
        (f'{RUNS}\nprompt_key = ""', "producers.reference_key: must be given, and not the prompt's"),
    ],
)
def test_what_no_run_can_be_read_by_is_refused(table_text: str, source: str, said: str) -> None:
    with pytest.raises(TableError) as refusal:
        parse(with_runs(table_text, source))
    assert said in str(refusal.value)
