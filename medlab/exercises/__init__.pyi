from . import comparing as comparing, progress as progress
from .checking import Verdict as Verdict, check as check, judge as judge
from .comparing import Hint as Hint, NotAnswered as NotAnswered
from .quizzing import Question as Question, Quiz as Quiz, quiz as quiz
from .registry import Exercise as Exercise, exercise as exercise
