"""Runs the model on a detached copy of x."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features = {}
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    try:
        for name in names:
            handles.append(modules[name].register_forward_hook(make_hook(name)))
        model(x.detach().clone())
    finally:
        for handle in handles:
            handle.remove()
    return features
