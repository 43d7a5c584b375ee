"""The variables of the ATLAS flavour-tagging files, a line each, in the files' own units."""

from __future__ import annotations

from jetlens.core.units import Feature

CLASSES = ("b", "c", "u", "tau")
"""Jet flavours in Salt's order; ``u`` stands for light jets (u, d, s and gluons)."""

FLAVOUR_OF_LABEL = {5: "b", 4: "c", 0: "u", 15: "tau"}
"""``HadronConeExclTruthLabelID``: the flavour of the heaviest hadron in the cone, or a tau."""

ORIGINS = (
    "pileup",
    "fake",
    "primary",
    "from_b",
    "from_bc",
    "from_c",
    "from_tau",
    "other_secondary",
)
"""``ftagTruthOriginLabel``, by its numbers 0 to 7."""

ORIGIN_TITLES = (
    "Pile-up",
    "Fake",
    "Primary",
    r"From $b$",
    r"From $b\to c$",
    r"From $c$",
    r"From $\tau$",
    "Other secondary",
)

JET_FEATURES = (
    Feature("pt_btagJes", "MeV", r"Jet $p_T$", "GeV", 1e-3),
    Feature("eta_btagJes", "", r"Jet $\eta$"),
)

TRACK_FEATURES = (
    Feature("d0", "mm", r"$d_0$"),
    Feature("z0SinTheta", "mm", r"$z_0\sin\theta$"),
    Feature("dphi", "rad", r"$\Delta\phi$"),
    Feature("deta", "", r"$\Delta\eta$"),
    Feature("qOverP", "1/MeV", r"$q/p$", "1/GeV", 1e3),
    Feature("IP3D_signed_d0_significance", "", r"$s(d_0)$"),
    Feature("IP3D_signed_z0_significance", "", r"$s(z_0\sin\theta)$"),
    Feature("phiUncertainty", "rad", r"$\sigma(\phi)$"),
    Feature("thetaUncertainty", "rad", r"$\sigma(\theta)$"),
    Feature("qOverPUncertainty", "1/MeV", r"$\sigma(q/p)$", "1/GeV", 1e3),
    Feature("numberOfPixelHits", "", "Pixel hits"),
    Feature("numberOfSCTHits", "", "SCT hits"),
    Feature("numberOfInnermostPixelLayerHits", "", "Innermost-layer hits"),
    Feature("numberOfNextToInnermostPixelLayerHits", "", "Next-to-innermost-layer hits"),
    Feature("numberOfInnermostPixelLayerSharedHits", "", "Shared innermost-layer hits"),
    Feature("numberOfInnermostPixelLayerSplitHits", "", "Split innermost-layer hits"),
    Feature("numberOfPixelSharedHits", "", "Shared pixel hits"),
    Feature("numberOfPixelSplitHits", "", "Split pixel hits"),
    Feature("numberOfSCTSharedHits", "", "Shared SCT hits"),
)
"""The 19 track inputs of GN2 (arXiv:2505.19689), in its order."""

OTHER_FEATURES = (
    Feature("pt", "MeV", r"$p_T$", "GeV", 1e-3),
    Feature("mass", "MeV", r"$m$", "GeV", 1e-3),
    Feature("eta", "", r"$\eta$"),
    Feature("phi", "rad", r"$\phi$"),
    Feature("theta", "rad", r"$\theta$"),
    Feature("lifetimeSignedD0Significance", "", r"$s(d_0)$"),
    Feature("lifetimeSignedZ0SinThetaSignificance", "", r"$s(z_0\sin\theta)$"),
    Feature("d0Uncertainty", "mm", r"$\sigma(d_0)$"),
    Feature("z0SinThetaUncertainty", "mm", r"$\sigma(z_0\sin\theta)$"),
    Feature("numberOfPixelHoles", "", "Pixel holes"),
    Feature("numberOfSCTHoles", "", "SCT holes"),
    Feature("HadronConeExclTruthLabelPt", "MeV", r"Hadron $p_T$", "GeV", 1e-3),
)

FEATURES = {f.name: f for f in (*JET_FEATURES, *TRACK_FEATURES, *OTHER_FEATURES)}

TRUTH = {
    "ftagTruthOriginLabel": "origin",
    "truthOriginLabel": "origin",
    "ftagTruthVertexIndex": "vertex",
    "truthVertexIndex": "vertex",
    "ftagTruthTypeLabel": "type",
    "HadronConeExclTruthLabelID": "HadronConeExclTruthLabelID",
    "flavour_label": "flavour_label",
}
"""Columns that hold truth, and what jetlens calls them."""

NEWER_NAMES = {
    "IP3D_signed_d0_significance": "lifetimeSignedD0Significance",
    "IP3D_signed_z0_significance": "lifetimeSignedZ0SinThetaSignificance",
}
"""What newer files call the same variables."""

EVENT_COLUMNS = ("eventNumber", "mcEventNumber")
WEIGHT_COLUMNS = ("mcEventWeight", "weight")
