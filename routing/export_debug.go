package routing

func (r *Router) Kappa() [4]float64 { return r.model.tree.kappa }
