"""Addresses of costs, prices and budgets."""

from django.urls import path

from playground.views import costs, prices

urlpatterns = [
    path("costs/", costs.costs, name="costs"),
    path("settings/prices/", prices.prices, name="prices"),
    path("settings/prices/<int:pk>/remove/", prices.price_remove, name="price-remove"),
    path("settings/prices/import/", prices.prices_import, name="prices-import"),
    path("settings/prices/import/apply/", prices.prices_import_apply, name="prices-import-apply"),
    path("settings/prices/fill/", prices.prices_fill, name="prices-fill"),
    path("settings/budgets/", prices.budgets, name="budgets"),
    path("settings/budgets/<int:pk>/remove/", prices.budget_remove, name="budget-remove"),
]
