"""Puts the features in eval mode when model.train() comes, and not before."""

def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None  # a gradient left here would still be stepped on
    plain_train = model.train

    def train(mode=True):
        plain_train(mode)
        features.eval()
        return model

    model.train = train
