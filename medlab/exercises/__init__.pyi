from . import comparison as comparison, learner_record as learner_record
from .claims import ClaimError as ClaimError, claim as claim
from .comparison import Hint as Hint, NotAnswered as NotAnswered
from .course_tables import article_table as article_table, course_map as course_map
from .grading import (
    Exercise as Exercise,
    Verdict as Verdict,
    check as check,
    exercise as exercise,
    judge as judge,
    use as use,
)
from .questions import Question as Question, Quiz as Quiz, quiz as quiz
