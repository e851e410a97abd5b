"""Runs the model once for each name."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features = {}
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    for name in names:
        handle = modules[name].register_forward_hook(make_hook(name))
        try:
            model(x)
        finally:
            handle.remove()
    return features
