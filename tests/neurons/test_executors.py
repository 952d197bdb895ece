"""Who judges, as a validator's settings say."""

import pytest

from evaluation.local_executor import LocalExecutor
from evaluation.ray_executor import RayExecutor
from neurons.errors import SettingsError
from neurons.executors import open_executor
from neurons.settings import read_validator_settings


@pytest.mark.parametrize(
    ("given", "kind"),
    [({}, LocalExecutor), ({"devices": "cuda:0, cuda:1"}, LocalExecutor), ({"executor": "ray"}, RayExecutor)],
    ids=["nothing", "devices", "ray"],
)
def test_settings_choose_who_judges(given: dict[str, str], kind: type) -> None:
    executor = open_executor(read_validator_settings(**given))
    executor.close()
    assert type(executor) is kind


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"devices": " , "}, "no device to judge on: name at least one"),
        ({"executor": "ray", "devices": "cuda:0,cuda:1"}, "on a Ray cluster say cpu or cuda"),
    ],
    ids=["none", "numbered"],
)
def test_devices_that_cannot_be_had_are_refused_by_name(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        open_executor(read_validator_settings(**given))
