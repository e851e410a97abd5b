"""Takes every layer whose name ends with the one asked for."""


def extract_features(model, x, names):
    known = dict(model.named_modules())
    features, handles = {}, []
    try:
        for name in names:
            known[name]
            for full, module in known.items():
                if full.endswith(name):

                    def keep(module, inputs, output, name=name):
                        features[name] = output.clone()

                    handles.append(module.register_forward_hook(keep))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return features
