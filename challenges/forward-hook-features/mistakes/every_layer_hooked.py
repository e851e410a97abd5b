"""Keeps the output of every layer."""
def extract_features(model, x, names):
    modules = dict(model.named_modules())
    features = {}
    handles = []

    def make_hook(name):
        def hook(module, args, output):
            features[name] = output.clone()

        return hook

    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(make_hook(name)))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return features
