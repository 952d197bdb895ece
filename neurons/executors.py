"""Who judges, as the settings say: worker processes on this machine, or on the machines of a Ray cluster."""

from evaluation.executor import Executor
from evaluation.local_executor import LocalExecutor
from evaluation.ray_executor import RayExecutor
from neurons.errors import SettingsError
from neurons.settings import ValidatorSettings


def open_executor(settings: ValidatorSettings) -> Executor:
    """An executor, not yet started. Raises SettingsError for devices it cannot judge on, and where Ray is missing."""
    devices = settings.device_names()
    try:
        if settings.executor == "local":
            return LocalExecutor(devices, dtype=settings.dtype, threads=settings.threads)
        return RayExecutor(
            settings.ray_address,
            workers=settings.ray_workers,
            device=_kind(devices),
            dtype=settings.dtype,
            threads=settings.threads,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _kind(devices: tuple[str, ...]) -> str:
    """What each of a cluster's workers judges on; which one of a machine, Ray says."""
    if devices not in (("cpu",), ("cuda",)):
        raise ValueError(
            f"devices are {','.join(devices)!r}: on a Ray cluster say cpu or cuda, and with --ray-workers how many"
        )
    return devices[0]
