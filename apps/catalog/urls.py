"""Pages and API of the context."""

from django.urls import URLPattern, URLResolver, path

from apps.catalog import api, editor, favourite_views, list_views, search_views, sitemap, tree_editor, views

app_name = "catalog"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.front, name="front"),
    path("items/<slug:slug>", views.item, name="item"),
    path("menu", views.menu, name="menu"),
    path("categories/", views.categories, name="categories"),
    path("categories/<path:path>", list_views.category, name="category"),
    path("search", search_views.results, name="search"),
    path("search/suggest", search_views.suggestions, name="suggest"),
    path("browse", list_views.everything, name="everything"),
    path("browse/<slug:key>", views.values, name="values"),
    path("browse/<slug:key>/<str:value>", list_views.browse, name="browse"),
    path("robots.txt", sitemap.robots, name="robots"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap/categories.xml", sitemap.categories, name="sitemap-categories"),
    path("sitemap/items/<uuid:start>.xml", sitemap.items, name="sitemap-items"),
    path("favourites/", favourite_views.all_of_them, name="favourites"),
    path("favourites/<uuid:item_id>", favourite_views.one, name="favourite"),
    path("editor/", editor.items, name="editor"),
    path("editor/new", editor.create, name="create"),
    path("editor/new/preview", editor.preview, name="preview-new"),
    path("editor/values", editor.values, name="editor-values"),
    path("editor/pictures", editor.pictures, name="editor-pictures"),
    path("editor/categories", tree_editor.categories, name="edit-categories"),
    path("editor/categories/move", tree_editor.move, name="move-category"),
    path("editor/categories/<int:category_id>", tree_editor.category, name="edit-category"),
    path("editor/categories/<int:category_id>/delete", tree_editor.delete, name="delete-category"),
    path("editor/<uuid:item_id>", editor.change, name="change"),
    path("editor/<uuid:item_id>/preview", editor.preview, name="preview"),
    path("editor/<uuid:item_id>/publish", editor.publish, name="publish"),
    path("editor/<uuid:item_id>/withdraw", editor.withdraw, name="withdraw"),
    path("editor/<uuid:item_id>/delete", editor.delete, name="delete"),
    path("api/v1/catalog/items/", api.Items.as_view(), name="api-items"),
    path("api/v1/catalog/items/by-slug/<slug:slug>/", api.ItemBySlug.as_view(), name="api-item-by-slug"),
    path("api/v1/catalog/items/<uuid:item_id>/", api.OneItem.as_view(), name="api-item"),
    path("api/v1/catalog/items/<uuid:item_id>/publish/", api.Publish.as_view(), name="api-publish"),
    path("api/v1/catalog/items/<uuid:item_id>/withdraw/", api.Withdraw.as_view(), name="api-withdraw"),
    path("api/v1/catalog/favourites/", api.Favourites.as_view(), name="api-favourites"),
    path("api/v1/catalog/favourites/<uuid:item_id>/", api.OneFavourite.as_view(), name="api-favourite"),
    path("api/v1/catalog/search/", api.Search.as_view(), name="api-search"),
]
