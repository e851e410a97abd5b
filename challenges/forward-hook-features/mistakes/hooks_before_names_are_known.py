"""Registers outside of the try, so that an unknown name leaves the hooks before it."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features = {}
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    for name in names:
        handles.append(modules[name].register_forward_hook(make_hook(name)))
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return features
