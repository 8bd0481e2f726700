"""What looks like a secret: see `difyflow.terms.secrets`, on which git's drivers lean too."""

from difyflow.terms.secrets import HIDDEN as HIDDEN
from difyflow.terms.secrets import Span as Span
from difyflow.terms.secrets import find_secrets as find_secrets
from difyflow.terms.secrets import is_secret as is_secret
from difyflow.terms.secrets import is_secret_name as is_secret_name
from difyflow.terms.secrets import looks_real as looks_real
from difyflow.terms.secrets import place_of as place_of
