from functools import partial

import torch


def _keep(features, name, module, args, output):
    features[name] = torch.clone(output)


def extract_features(model, x, names):
    """The handles in a list, and a finally that removes them; `partial` binds the name early."""
    modules = dict(model.named_modules())
    chosen = {name: modules[name] for name in names}  # an unknown name raises before the first hook is there
    features, handles = {}, []
    try:
        for name, module in chosen.items():
            handles.append(module.register_forward_hook(partial(_keep, features, name)))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return features
