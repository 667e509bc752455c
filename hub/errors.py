"""The kinds of failure that are for the person at the keyboard."""


class OperatorError(Exception):
    """One line that says what is wrong and what to do about it. The door prints it and exits with code 1.

    The message never holds payload, a learner id or a name.
    """


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it in one line. The door exits with code 2."""


class KafkaUnavailable(OperatorError):
    """The cluster, or a topic the hub needs, is not there."""


class NotLetIn(KafkaUnavailable, SettingsError):
    """Kafka is there and refuses our credential, or we its certificate. At a start that is a wrong setting; later on,
    something to be waited out like an absent Kafka."""
