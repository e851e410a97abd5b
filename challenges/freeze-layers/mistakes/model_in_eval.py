"""The whole model is put in eval mode by the call, until someone calls train()."""


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad = False
        parameter.grad = None
    model.eval()
    features.train = lambda mode=True: features
