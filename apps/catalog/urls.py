"""Pages and API of the context."""

from django.urls import URLPattern, URLResolver, path

from apps.catalog import search_views, views

app_name = "catalog"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.front, name="front"),
    path("items/<slug:slug>", views.item, name="item"),
    path("menu", views.menu, name="menu"),
    path("categories/", views.categories, name="categories"),
    path("categories/<path:path>", views.category, name="category"),
    path("search", search_views.results, name="search"),
    path("search/suggest", search_views.suggestions, name="suggest"),
    path("browse", views.everything, name="everything"),
    path("browse/<slug:key>", views.values, name="values"),
    path("browse/<slug:key>/<str:value>", views.browse, name="browse"),
]
