"""The deploy rehearsed on one machine: the real programs against moto, and the functions run from their zip."""
