"""PyTorch's names that are others here, for one who types them."""

HERE = {
    "Linear": "rnn.Readout(in_features, out_features)",
    "Sequential": "rnn.Layers(first, second)",
    "ModuleList": "a list in an attribute of a Module",
    "ModuleDict": "a dict in an attribute of a Module",
    "Parameter": "tg.parameter(array)",
    "RNNCell": "rnn.ElmanCell(input_size, hidden_size)",
    "MultiheadAttention": "rnn.AdditiveAttention(state_size, source_size, size)",
    "MSELoss": "rnn.mse(outputs, targets)",
    "mse_loss": "rnn.mse(outputs, targets)",
    "CrossEntropyLoss": "rnn.cross_entropy(outputs, targets)",
    "NLLLoss": "rnn.cross_entropy(outputs, targets), of scores before the softmax",
    "nll_loss": "rnn.cross_entropy(outputs, targets), of scores before the softmax",
    "BCELoss": "rnn.binary_cross_entropy(outputs, targets)",
    "BCEWithLogitsLoss": "rnn.binary_cross_entropy_with_logits(outputs, targets)",
    "DataLoader": "rnn.batches(sequences, targets, size, rng)",
    "pad_sequence": "rnn.pad(sequences), which returns the lengths, too",
    "clip_grad_norm_": "rnn.clip_grad_norm(model, max_norm)",
    "clip_grad_value_": "rnn.clip_grad_value(model, limit)",
    "CosineAnnealingLR": "lr=rnn.cosine_decay(lr, updates)",
    "StepLR": "lr=rnn.step_decay(lr, every)",
    "ExponentialLR": "lr=rnn.exponential_decay(lr, half_life)",
    "EarlyStopping": "rnn.fit(..., validation=…, patience=3)",
    "random_split": "rnn.split(count, fractions, rng)",
    "TensorDataset": "a tuple (inputs, targets)",
    "no_grad": "tg.no_grad()",
    "tensor": "tg.tensor(array)",
    "relu": "tg.relu(x)",
    "sigmoid": "tg.sigmoid(x)",
    "tanh": "np.tanh(x)",
    "softmax": "tg.softmax(x)",
}

OF_MODULES = {
    "named_parameters": "model.parameters().items()",
    "named_modules": "model.modules()",
    "named_children": "model.children()",
    "register_parameter": "self.W = tg.parameter(array)",
    "register_buffer": "self.mean = tg.tensor(array)",
    "register_forward_hook": "rnn.fit(..., debug=…), or viz.debug(loss)",
    "add_module": "an attribute: self.layer = layer",
    "flatten_parameters": "nothing: it changes no number",
    "apply": "for part in model.modules(): …",
    "to": "dtype=np.float32 where it is made; all runs on the CPU",
    "cuda": "nothing: all runs on the CPU",
    "cpu": "nothing: all runs on the CPU",
    "half": "dtype=np.float16 where it is made",
    "float": "dtype=np.float32 where it is made",
    "double": "dtype=np.float64 where it is made",
}

OF_OPTIMIZERS = {
    "param_groups": "optimizer.lr = 0.001, or a rate for each part: rnn.Adam(model, lr={name: rate, …})",
    "add_param_group": "a rate for each part: rnn.Adam(model, lr={name: rate, …})",
    "state_dict": "optimizer.state()",
    "load_state_dict": "optimizer.load_state(*state)",
}

OF_PARAMETERS = {"requires_grad", "requires_grad_", "grad", "data", "shape", "size", "numel", "ndim", "dtype", "detach"}
