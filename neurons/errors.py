"""What a neuron can tell its operator in one line: the fact, the value and the remedy. Anything else is a defect.

NeuronError
├── SettingsError    a value of the environment or the command line means nothing
├── UsageError       a command cannot be done as asked
├── MinerError       a model cannot be trained or published as asked; what was done so far is in the journal
└── ProducerError    a producer cannot work as asked
"""


class NeuronError(Exception):
    """Root of what is meant for the operator's eyes."""


class SettingsError(NeuronError):
    """A value of the environment or the command line means nothing."""


class UsageError(NeuronError):
    """A command cannot be done as asked."""


class MinerError(NeuronError):
    """A model cannot be trained or published as asked."""


class ProducerError(NeuronError):
    """A producer cannot work as asked."""
