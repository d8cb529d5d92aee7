from . import gan as gan
from .bundle import (
    Bundle as Bundle,
    check_one_answer as check_one_answer,
    load as load,
    model_facts as model_facts,
    save as save,
)
from .catalog import (
    build as build,
    check_shape as check_shape,
    describe as describe,
    fitting as fitting,
    names as names,
    own_options as own_options,
)
from .cnn import (
    article_cnn as article_cnn,
    article_cnn_28 as article_cnn_28,
    resnet18_28 as resnet18_28,
    screening_cnn as screening_cnn,
)
from .concepts import concept_bottleneck as concept_bottleneck, correct_concepts as correct_concepts
from .costs import cost as cost
from .detector import candidates as candidates, judge as judge
from .gradients import input_gradients as input_gradients
from .lungrads import lung_rads as lung_rads, lung_rads_followup as lung_rads_followup
from .prediction import predict as predict
from .risk_scores import RiskScore as RiskScore, risk_score as risk_score
from .rnn import (
    bidirectional_lstm as bidirectional_lstm,
    cnn_lstm as cnn_lstm,
    gru as gru,
    lstm as lstm,
    simple_rnn as simple_rnn,
)
from .sliding import largest_component as largest_component, slide as slide
from .unets import unet as unet
