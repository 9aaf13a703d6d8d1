"""The program says in its own words what went wrong."""
import torch


class ConfigurationError(Exception):
    pass


def project(x, width):
    try:
        return x @ torch.ones(width, 2)
    except RuntimeError as error:
        raise ConfigurationError(f"width {width} does not fit {tuple(x.shape)}") from error


print(project(torch.ones(1, 3), 3))
project(torch.ones(1, 3), 4)
