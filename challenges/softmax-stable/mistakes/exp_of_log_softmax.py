"""Goes through log_softmax, which is the exercise as well."""
import torch


def softmax(x, dim):
    return torch.log_softmax(x, dim).exp()
