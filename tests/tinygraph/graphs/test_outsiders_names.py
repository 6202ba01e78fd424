"""What the values of programs are called that somebody wrote who does not know the code."""

from importlib import import_module

import pytest

import tinygraph as tg
import viz

# module -> what its parameters are called, what its computed values are called
SAID = {
    "p01_char_rnn": (
        ("Wxh Whh Why bh by"),
        ("h y p loss"),
    ),
    "p02_lstm_class": (
        ("W_i W_f W_o W_g U_i U_f U_o U_g b_i b_f b_o b_g W_out b_out"),
        ("i f o g c h pred"),
    ),
    "p03_fused_lstm": (
        ("W_proj b_proj W_embed Wx Wh b W_vocab b_vocab"),
        ("h0 x a i f o g c h scores x_flat probs"),
    ),
    "p04_gru_crf_dict": (
        ("E Wz Uz bz Wr Ur br Wh Uh bh Wy by A start"),
        ("x z r h_new h emit score alpha total"),
    ),
    "p05_peephole_dataclass": (
        ("Wi Wf Wo Wc pi pf po bi bf bo bc V"),
        ("i f c o h y_hat loss xh"),
    ),
    "p06_stacked_residual": (
        ("W_in W₀ U₀ b₀ W₁ U₁ b₁ W₂ U₂ b₂ W_out"),
        ("below state output prediction"),
    ),
    "p07_bidirectional_closures": (
        ("w_fwd₀ b_fwd₀ w_bwd₀ b_bwd₀ w_fwd₁ b_fwd₁ w_bwd₁ b_bwd₁ w b"),
        ("h x logit"),
    ),
    "p08_bahdanau": (
        (
            "embedding_encoder wInput_encoder wHidden_encoder bias_encoder embedding_decoder wQuery wKey vScore "
            "wInput_decoder wHidden_decoder bias_decoder wOut"
        ),
        ("hidden state energies weights context decInput probs nll"),
    ),
    "p09_tree_rnn": (
        ("L W b Ws bs"),
        ("left scores log_probs cost_left right cost_right cost h"),
    ),
    "p10_hmm_reduce": (
        ("pi_ Gamma Phi"),
        ("m s log_pi log_A log_B alpha alpha_T"),
    ),
    "p11_kalman_dataclass": (
        ("log_q log_r B"),
        ("m P R v S S_inv K nll total"),
    ),
    "p12_ctc_rnn": (
        ("W U b V"),
        ("h o row alpha s new m"),
    ),
    "p13_bilstm_crf": (
        ("emb W_fwd b_fwd W_bwd b_bwd W_tag trans"),
        ("x gates i f o g c_new h_new c h fwd bwd emissions log_z gold cand"),
    ),
    "p14_soft_dtw": (
        ("barycenter"),
        ("D R"),
    ),
    "p15_gru_d": (
        ("gamma_x gamma_x_b Gamma_h Gamma_h_b w_out b_out W_z U_z V_z b_z W_r U_r V_r b_r W_h U_h V_h b_h"),
        ("g_x g_h x_hat h z r h_tilde p"),
    ),
    "p16_memn2n": (
        ("A₀ A₁ A₂ A₃ TA₀ TA₁ TA₂ TA₃"),
        ("u m c p"),
    ),
    "p17_sequence_autoencoder": (
        ("W_enc U_enc W_dec U_dec W_code W_init W_recon"),
        ("xw_enc hu_enc z_enc k_enc n_enc h_enc code xw_dec hu_dec z_dec k_dec n_dec h_dec x error"),
    ),
    "p18_latent_ode": (
        ("W_enc b_enc W_to_latent b_to_latent Wi_dynamics bi_dynamics W_dynamics b_dynamics Wi_dec bi_dec W_dec b_dec"),
        ("h z0 x recon z"),
    ),
    "p19_leapfrog": (
        ("log_k eps p_init"),
        ("k tension p_half q stretch p mse"),
    ),
    "p20_clockwork": (
        ("W_H₀₀ W_H₀₁ W_H₀₂ W_H₁₁ W_H₁₂ W_H₂₂ W_I₀ W_I₁ W_I₂ b₀ b₁ b₂ W_O"),
        ("a y out"),
    ),
    "p21_echo_state": (
        ("rho leak_logit W_out"),
        ("alpha x states predicted ridge"),
    ),
    "p22_layernorm_lstm": (
        (
            "W₀ U₀ g_ln_x₀₀ b_ln_x₀₀ g_ln_x₀₁ b_ln_x₀₁ g_ln_x₀₂ b_ln_x₀₂ g_ln_x₀₃ b_ln_x₀₃ g_ln_h₀₀ b_ln_h₀₀ "
            "g_ln_h₀₁ b_ln_h₀₁ g_ln_h₀₂ b_ln_h₀₂ g_ln_h₀₃ b_ln_h₀₃ g_ln_c₀ b_ln_c₀ W₁ U₁ g_ln_x₁₀ b_ln_x₁₀ "
            "g_ln_x₁₁ b_ln_x₁₁ g_ln_x₁₂ b_ln_x₁₂ g_ln_x₁₃ b_ln_x₁₃ g_ln_h₁₀ b_ln_h₁₀ g_ln_h₁₁ b_ln_h₁₁ g_ln_h₁₂ "
            "b_ln_h₁₂ g_ln_h₁₃ b_ln_h₁₃ g_ln_c₁ b_ln_c₁ W_cls"
        ),
        ("wx uh mu sigma pre i f o c h pooled logits log_probs"),
    ),
    "p23_history_attention": (
        ("W b Wn h0 Wq₀ Wk₀ Wv₀ Wq₁ Wk₁ Wv₁ Wo w"),
        ("zr z r n h q K V a out"),
    ),
    "p24_accumulate": (
        ("W_gates peep b_gates w_out b_out"),
        ("a i f c o h"),
    ),
    "p25_recursive": (
        ("U V W c h_start"),
        ("h r"),
    ),
    "p26_luong_two_heads": (
        (
            "source_embedding target_embedding update_encoder_weights reset_encoder_weights "
            "candidate_encoder_weights update_decoder_weights reset_decoder_weights candidate_decoder_weights "
            "combine_weights output_weights"
        ),
        (
            "inputs both_enc update_enc reset_enc candidate_enc new_hidden hidden_enc memory decoder_input both_dec "
            "update_dec reset_dec candidate_dec hidden_dec query_heads memory_heads scores context attentional "
            "probabilities total_loss"
        ),
    ),
    "p27_writable_memory": (
        ("Wzr Wh gain shift key beta erase add out M0"),
        ("v zr z r h key beta cosine w memory read inp y loss"),
    ),
    "p28_slow_over_reservoir": (
        ("wSlowIn wSlowRec bSlow wOutFast wOutSlow"),
        ("yHat err slow"),
    ),
    "p29_river_level": (
        ("phi mu theta_rain log_sigma_eta log_sigma_eps"),
        ("var_eta var_eps P nu F kappa a"),
    ),
    "p30_left_right_hmm": (
        ("W_xh W_hh W_hs stay"),
        ("h b log_stay log_go alpha came"),
    ),
}


def run(name):
    return import_module(f"tests.programs.outsiders.{name}").main()


@pytest.mark.parametrize("name", SAID)
def test_values_have_the_names_that_a_reader_says(name):
    graph = tg.graph(run(name))
    parameters, values = SAID[name]
    assert [node.name for node in graph.parameters] == parameters.split()
    assert {node.name for node in graph.nodes if node.kind == "op" and node.name} == set(values.split())


@pytest.mark.parametrize("name", SAID)
def test_no_label_is_raw_code_or_a_kind_of_node(name):
    for options in ({}, {"view": "calls"}):
        labels = {node.label for node in viz.draw(run(name), **options).scene.nodes}
        assert labels.isdisjoint({"parameter", "input", "constant"})
        assert not any("np." in label or " @ " in label or "**" in label for label in labels)
