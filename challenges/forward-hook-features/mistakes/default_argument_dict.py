"""Collects in a default argument, which lives for all calls."""
def extract_features(model, x, names, features={}):
    modules = dict(model.named_modules())
    for name in list(features):
        if name not in names:
            del features[name]
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    try:
        for name in names:
            handles.append(modules[name].register_forward_hook(make_hook(name)))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return features
