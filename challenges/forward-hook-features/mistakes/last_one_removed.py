"""Keeps one handle, the last."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features = {}
    handle = None

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    try:
        for name in names:
            handle = modules[name].register_forward_hook(make_hook(name))
        model(x)
    finally:
        if handle:
            handle.remove()
    return features
