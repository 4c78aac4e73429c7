"""Measures: pure functions of a trace that return arrays.

They measure one layer and one direction, by default the first. Steps and losses are counted from 0.
Steps that a sequence does not have are NaN, and are left out of means.
"""

from types import ModuleType

from rnnviz.measure.clusters import nearest_centroids
from rnnviz.measure.dynamics import FixedPoints, fixed_points
from rnnviz.measure.gating import (
    activation_slope,
    cell_path,
    cell_path_means,
    cell_path_norms,
    gate_slopes,
    gates,
)
from rnnviz.measure.gradient_path import GradientPath, last_gradient_path
from rnnviz.measure.gradients import (
    by_lag,
    enters_at_lag_0,
    gradient_norms,
    gradient_norms_by_lag,
    input_saliency,
    lags,
    mean_by_lag,
    memory_horizon,
    step_factors,
)
from rnnviz.measure.jacobians import (
    eigenvalues,
    jacobian_norms,
    recurrent_weights,
    singular_values_back,
    spectral_norm,
    spectral_radius,
    state_jacobian,
    state_jacobian_bounds,
    state_jacobian_norms,
    state_jacobian_singular_values,
    state_jacobians,
    step_eigenvalues,
    step_jacobians,
)
from rnnviz.measure.layers import LAST, one_layer, output_weights
from rnnviz.measure.lines import lags_holding, log_line, r_squared
from rnnviz.measure.saliency import output_by_input, output_saliency
from rnnviz.measure.side_by_side import carried_shares, common_losses
from rnnviz.measure.states import (
    gradients_by_state,
    most_moving,
    states_before_by_name,
    states_by_name,
    states_read,
    whole_states,
)
from rnnviz.measure.trajectories import (
    PrincipalComponents,
    components_of,
    principal_components,
)
from rnnviz.measure.weights import (
    input_gradients,
    states_before,
    weight_gradient,
    weight_gradient_norm_shares,
    weight_gradient_norms,
    weight_gradient_projections,
    weight_gradient_share_by_lag,
    weight_gradients,
    weight_gradients_by_loss,
)
from rnnviz.system.lazy import submodule


def __getattr__(name: str) -> ModuleType:
    return submodule(__name__, name)


__all__ = [
    "LAST",
    "FixedPoints",
    "GradientPath",
    "PrincipalComponents",
    "activation_slope",
    "by_lag",
    "carried_shares",
    "cell_path",
    "cell_path_means",
    "cell_path_norms",
    "common_losses",
    "components_of",
    "eigenvalues",
    "enters_at_lag_0",
    "fixed_points",
    "gate_slopes",
    "gates",
    "gradient_norms",
    "gradient_norms_by_lag",
    "gradients_by_state",
    "input_gradients",
    "input_saliency",
    "jacobian_norms",
    "lags",
    "lags_holding",
    "last_gradient_path",
    "log_line",
    "mean_by_lag",
    "memory_horizon",
    "most_moving",
    "nearest_centroids",
    "one_layer",
    "output_by_input",
    "output_saliency",
    "output_weights",
    "principal_components",
    "r_squared",
    "recurrent_weights",
    "singular_values_back",
    "spectral_norm",
    "spectral_radius",
    "state_jacobian",
    "state_jacobian_bounds",
    "state_jacobian_norms",
    "state_jacobian_singular_values",
    "state_jacobians",
    "states_before",
    "states_before_by_name",
    "states_by_name",
    "states_read",
    "step_eigenvalues",
    "step_factors",
    "step_jacobians",
    "weight_gradient",
    "weight_gradient_norm_shares",
    "weight_gradient_norms",
    "weight_gradient_projections",
    "weight_gradient_share_by_lag",
    "weight_gradients",
    "weight_gradients_by_loss",
    "whole_states",
]
